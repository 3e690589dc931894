// A plan with one change, and the repository that it was planned from.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "reconciler/provenance.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat {

inline const Address jelly{"home", "container", "jellyfin", "pve"};

// A plan with one change of one resource, planned at the repository's HEAD.
struct ProvenanceCase {
  explicit ProvenanceCase(const TempRepo& scratch) : repo(scratch) {
    spec.revision.repo = repo.path();
    spec.revision.commit = repo.git({"rev-parse", "HEAD"});
    spec.folder = repo.path();
    change.address = jelly;
    change.cause = Cause::git;
  }

  // The line of the first `text` in a file as it lies.
  Origin line(const std::string& file, const std::string& text) {
    const std::string content = scratch_read(file);
    const auto at = content.find(text);
    REQUIRE(at != std::string::npos);
    auto known = std::find(spec.files.begin(), spec.files.end(), file);
    if (known == spec.files.end()) known = spec.files.insert(known, file);
    const auto before = content.substr(0, at);
    return {static_cast<std::uint32_t>(known - spec.files.begin()),
            static_cast<std::uint32_t>(1 + std::count(before.begin(), before.end(), '\n')), 3};
  }

  std::string scratch_read(const std::string& file) const {
    const std::string& folder = spec.revision.subdir;
    return repo.read(folder.empty() ? file : folder + "/" + file);
  }

  // The ledger's row: declared at `where`, all of it agreed in `commit`.
  ProvenanceCase& owned(const std::string& commit, const SourceRef& where,
                        const std::vector<FieldPath>& paths = {"memory"}) {
    Owned row;
    row.where = where;
    row.commit = commit;
    for (const auto& path : paths) row.agreed.push_back({path, "2GiB", commit, {}});
    ledger.owned[jelly] = row;
    return *this;
  }

  // jellyfin as declared now, with one value; `parts` where that one is open.
  void declare(const FieldPath& path, const std::vector<Origin>& lines,
               const std::vector<TemplatePart>& parts) {
    Resource resource;
    resource.address = jelly;
    resource.where = line("media.yaml", "jellyfin");
    resource.origins = {{path, lines}};
    if (!parts.empty()) resource.open = {{"/" + path, parts, {}}};
    spec.desired[jelly] = resource;
  }

  ProvenanceCase& dirty(const std::vector<std::string>& files) {
    spec.revision.work_tree = true;
    spec.revision.uncommitted = {files.begin(), files.end()};
    return *this;
  }

  // Of a field whose value has these lines now.
  Provenance field(const std::vector<Origin>& lines, const FieldPath& path = "memory",
                   Cause cause = Cause::git) {
    FieldDiff diff;
    diff.path = path;
    diff.cause = cause;
    diff.lines = lines;
    diff.has_agreed = ledger.owned.contains(jelly);
    change.action = Action::update;
    change.fields = {diff};
    return fill().fields.at(0).provenance.value();
  }

  Provenance removed() {
    change.action = Action::remove;
    return fill().provenance.value();
  }

  Change fill() {
    Plan plan;
    plan.changes = {change};
    fill_provenance(plan, spec, ledger);
    return plan.changes.at(0);
  }

  const TempRepo& repo;
  Spec spec;
  LedgerView ledger;
  Change change;
};

inline const std::string media =
    "containers:\n"
    "  jellyfin:\n"
    "    vmid: 110\n"
    "    memory: 2GiB\n"
    "    env:\n"
    "      TZ: UTC\n"
    "      LOG: debug\n"
    "  plex:\n"
    "    vmid: 111\n"
    "    memory: 2GiB\n";

inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// A line that stands at a place of `media` as committed first.
inline const SourceRef jellyfin_line{"media.yaml", 2, 3};

}  // namespace homeostat
