#include "specs/load.hpp"

#include "specs/draft.hpp"
#include "specs/lines.hpp"

namespace homeostat {
namespace {

// The line of the user's text below each error that has none yet.
void add_excerpts(const Draft& draft, Errors& errors) {
  std::map<std::string, Lines> lines;
  for (Error& error : errors) {
    if (error.where.line == 0 || !error.excerpt.empty()) continue;
    auto known = lines.find(error.where.file);
    for (std::size_t i = 0; known == lines.end() && i < draft.spec.files.size(); ++i) {
      if (draft.spec.files[i] != error.where.file) continue;
      known = lines.emplace(error.where.file, Lines(draft.texts[i])).first;
    }
    if (known != lines.end()) error.excerpt = known->second.excerpt(error.where.line);
  }
}

}  // namespace

tl::expected<Spec, Errors> load_spec(const Source& source, std::span<const ProviderSchema> types,
                                     std::span<const NotifierSchema> notifiers,
                                     const FindZone& find_zone) {
  Draft draft{source, types, notifiers, find_zone};
  draft.spec.folder = source.folder();
  gather_sections(draft);
  draft.spec.revision = source.revision();  // knows what is not committed once files are listed
  read_head(draft);
  read_providers(draft);
  read_secrets(draft);
  read_networks(draft);
  read_zones(draft);
  read_policy(draft);
  read_telling(draft);
  read_defaults(draft);
  read_service_containers(draft);
  read_plain_sections(draft);
  read_records(draft);
  expand_services(draft);
  add_reverse_zones(draft);
  read_reverse_records(draft);
  link_references(draft);
  check_desired(draft);
  add_excerpts(draft, draft.errors);
  add_excerpts(draft, draft.spec.warnings);
  sort_errors(draft.errors);
  sort_errors(draft.spec.warnings);
  if (!draft.errors.empty()) return tl::unexpected(std::move(draft.errors));
  return std::move(draft.spec);
}

}  // namespace homeostat
