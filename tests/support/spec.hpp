// Specs out of texts, for tests: no files, no git, and provider types like the real ones.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "specs/load.hpp"

namespace homeostat {

using Texts = std::map<std::string, std::string>;  // path -> text

class TextSource final : public Source {
 public:
  explicit TextSource(Texts texts) : texts_(std::move(texts)) {}
  [[nodiscard]] const Revision& revision() const override { return revision_; }
  [[nodiscard]] const std::string& folder() const override { return folder_; }
  [[nodiscard]] Result<std::optional<std::string>> read(std::string_view path) const override;
  [[nodiscard]] std::vector<std::string> list(const std::set<std::string>& skip,
                                              Errors& errors) const override;

 private:
  Texts texts_;
  Revision revision_;
  std::string folder_ = "/repo";
};

// proxmox, docker, technitium, cloudflare, nginx-proxy-manager, uptime-kuma, files.
[[nodiscard]] std::span<const ProviderSchema> test_types();
// telegram, ntfy, webhook, exec: as far as the loader must know them.
[[nodiscard]] std::span<const NotifierSchema> test_notifiers();
// The homeostat.yaml of a small homelab with one provider of each of these types but files.
[[nodiscard]] std::string homelab();
// `homelab()` as homeostat.yaml, and `text` as spec.yaml beside it.
[[nodiscard]] tl::expected<Spec, Errors> load_text(const std::string& text);
[[nodiscard]] tl::expected<Spec, Errors> load_texts(const Texts& texts);
// The loaded spec; a failure fails the test and shows the errors.
[[nodiscard]] Spec loaded(const std::string& text);
[[nodiscard]] Spec loaded(const Texts& texts);
// All errors as people see them, one after the other; "" where there are none.
[[nodiscard]] std::string errors_in(const std::string& text);
[[nodiscard]] std::string errors_in(const Texts& texts);
[[nodiscard]] std::string warnings_in(const std::string& text);
// The one resource with that kind and name ("container/forgejo"), or a failed test.
[[nodiscard]] const Resource& find(const Spec& spec, const std::string& address);
[[nodiscard]] bool has(const Spec& spec, const std::string& address);
// "spec.yaml:3" for each line that a field came from.
[[nodiscard]] std::vector<std::string> lines_of(const Spec& spec, const Resource& resource,
                                                const std::string& path);
// The parts of an open value as one text with full addresses; "" where there is none.
[[nodiscard]] std::string open_at(const Resource& resource, const std::string& pointer);

}  // namespace homeostat
