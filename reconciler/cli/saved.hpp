// Saved plans on the command line: `plan --out FILE`, `apply FILE`.
#pragma once

#include "reconciler/cli/cli.hpp"
#include "reconciler/saved_plan.hpp"

namespace homeostat::cli {

// `path` as the user means it, who may have said -C.
[[nodiscard]] std::string in_directory(const Global& global, const std::string& path);
[[nodiscard]] bool names_file(const std::string& path);

// The key that seals files is made where this machine has none yet. Before look().
[[nodiscard]] Errors make_site_key(const Request& request);
[[nodiscard]] Status save_round(const Round& round, const std::string& path);

struct SavedFile {
  std::string name;         // as the user calls it
  nlohmann::json document;  // with its seal
  SavedPlan plan;           // to be believed after check_saved_file() only
};
[[nodiscard]] Result<SavedFile> read_saved_file(const std::string& path, const std::string& name);
[[nodiscard]] Status check_saved_file(const SavedFile& file, const Spec& spec,
                                      const Request& request);
// Plans the round again with the changes of the file alone, and says what is left alone. Errors:
// what has moved since it was saved.
[[nodiscard]] Errors hold_to_saved(Round& round, const SavedFile& file);

}  // namespace homeostat::cli
