// A configured scope as the bench of `homeostat provider check`: what lies outside is done through
// the provider too, by steps that no plan has asked for.
#pragma once

#include "reconciler/contract/story.hpp"
#include "reconciler/observe.hpp"

namespace homeostat::contract {

// The kinds that the instance of a scope keeps in it: records in zones, all else outside.
[[nodiscard]] std::set<std::string> kinds_in(const Spec& spec, const Scope& scope);

// What lies in a scope, by the provider's own names. Not what is the server's (`fixed`).
struct Content {
  std::vector<std::string> ours;    // made by a check: by its marker, or its name
  std::vector<std::string> others;  // anything else
};

class ProviderBench final : public Bench {
 public:
  // `judged`: what is configured; it must outlive this. Of it the instance of `scope` is used, with
  // its settings and their secrets, and the zone; both are there. Once `stop` is asked for nothing
  // is made or changed any more; what was made is still removed, until `cancel`.
  ProviderBench(const Judged& judged, Scope scope, std::stop_token stop, std::stop_token cancel);

  // Read-only: before anybody was asked.
  [[nodiscard]] Status connect(bool read_only);
  [[nodiscard]] Result<Content> survey();
  // Removes what a check has made. What is there still, and what went wrong.
  [[nodiscard]] Complaints clear();
  // What the provider refused to do by hand since the last call.
  [[nodiscard]] Complaints take_troubles();
  // As far as the provider says that it can do them.
  [[nodiscard]] std::vector<Sample> samples() const;
  // Makes a thing with a marker, and removes it: what cannot do that can be checked no further.
  [[nodiscard]] Complaints try_out(const Sample& sample);

  std::string open() override;
  tl::expected<Judged, Errors> read(const std::string& text) const override;
  [[nodiscard]] std::stop_token stop() const override { return stop_; }
  [[nodiscard]] std::stop_token cancel() const override { return cancel_; }
  std::string peek(const std::string& name) override;
  std::size_t count() override;
  void plant(const Sample& sample, int number, bool like_the_sample) override;
  void disturb(const Sample& sample, int number) override;
  void drop(const std::string& name) override;
  bool copy(const std::string& /*from*/, const std::string& /*to*/) override { return false; }
  [[nodiscard]] bool marks() const override;
  [[nodiscard]] Sample rename(const Sample& sample, std::string& head) const override;

 private:
  [[nodiscard]] std::string head() const;
  [[nodiscard]] const ProviderInfo& info() const;
  [[nodiscard]] std::set<std::string> kinds() const;
  // What the spec would ask for; nullopt, and a trouble, where it cannot be said.
  [[nodiscard]] std::optional<Resource> wanted(const std::string& head, const Sample& sample,
                                               int number, const Fields& changed) const;
  // All but what is fixed.
  [[nodiscard]] Result<std::vector<LiveResource>> list();
  [[nodiscard]] std::optional<LiveResource> find(const std::string& name);
  void write(const Step& step);
  void remove(const LiveResource& live);

  const Judged& judged_;
  Scope scope_;  // by the configured zone's key
  std::stop_token stop_;
  std::stop_token cancel_;
  ScratchFolder folder_;
  Providers providers_;  // the one
  mutable Complaints troubles_;
};

}  // namespace homeostat::contract
