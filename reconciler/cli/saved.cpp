#include "reconciler/cli/saved.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "reconciler/private_file.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

constexpr std::uintmax_t max_bytes = std::uintmax_t{1} << 30U;

// What would be planned besides, in a line.
std::string left_alone(const Plan& all, const SavedPlan& saved) {
  std::vector<std::string> names;
  for (const Change& change : all.changes) {
    if (change.hold || change.quiet || saved.changes.contains(change.address)) continue;
    names.push_back(display(change.address, false, false));
  }
  if (names.empty()) return {};
  constexpr std::size_t shown = 8;
  const std::string count = counted(names.size(), "change");
  std::string more;
  if (names.size() > shown) {
    more = fmt::format(" and {} more", names.size() - shown);
    names.resize(shown);
  }
  return fmt::format("left alone, since the plan does not have them: {}: {}{}\n", count,
                     fmt::join(names, ", "), more);
}

}  // namespace

std::string in_directory(const Global& global, const std::string& path) {
  if (global.directory.empty()) return path;
  return (std::filesystem::path(global.directory) / path).string();
}

bool names_file(const std::string& path) {
  std::error_code code;
  return std::filesystem::is_regular_file(path, code);
}

Errors make_site_key(const Request& request) {
  const auto spec = load(request);
  if (!spec) return spec.error();
  const auto places = find_places(spec->site, request.ledger_path);
  if (!places) return {places.error()};
  const auto key = load_or_make_key(places->key, true);
  return key ? Errors() : Errors{key.error()};
}

Status save_round(const Round& round, const std::string& path) {
  return write_private_file(path, "the plan", write_saved_plan(take_down(round), round.hash));
}

Result<SavedFile> read_saved_file(const std::string& path, const std::string& name) {
  std::error_code code;
  const auto size = std::filesystem::file_size(path, code);
  if (!code && size > max_bytes) {
    return fail(ErrorKind::invalid_spec, name + " is too large for a saved plan");
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (code || !in) return fail(ErrorKind::internal, "cannot read " + name);
  SavedFile file;
  file.name = name;
  TRY_ASSIGN(file.document, parse_saved_plan(text.str(), name));
  TRY_ASSIGN(file.plan, plan_in(file.document, name));
  return file;
}

Status check_saved_file(const SavedFile& file, const Spec& spec, const Request& request) {
  TRY_ASSIGN(const Places places, find_places(spec.site, request.ledger_path));
  TRY_ASSIGN(std::string key, load_or_make_key(places.key, false));
  return check_seal(file.document, file.name, spec.site, make_secret_hash(std::move(key)));
}

Errors hold_to_saved(Round& round, const SavedFile& file) {
  const std::string others = left_alone(round.planned.plan, file.plan);
  round.request.options = only_those_of(file.plan);
  auto planned = plan_again(round);
  if (!planned) return std::move(planned).error();
  round.planned = std::move(*planned);
  Errors moved = moved_since(file.plan, round);
  if (moved.empty()) {
    print(others);
    return moved;
  }
  const std::string commit = file.plan.commit;
  moved.insert(moved.begin(),
               fail(ErrorKind::conflict,
                    fmt::format("{} is stale: since it was made ({}{}), this has changed",
                                file.name, utc_time(file.plan.made),
                                commit.empty() ? "" : ", at " + short_commit(commit)),
                    "plan again: homeostat plan --out " + file.name)
                   .value());
  return moved;
}

}  // namespace homeostat::cli
