// Where a resource stands below the provider's directory: DIR/<kind>/<encoded name>.yaml, where the
// '/' of a name are folders. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "specs/resource.hpp"

namespace homeostat::files {

// How many components a name of this kind has; all but the last are folders.
[[nodiscard]] std::size_t name_depth(std::string_view kind);

// What a component is called on disk. A leading dot is encoded too: dot files are not ours.
[[nodiscard]] std::string to_disk(std::string_view encoded_component);
// Back to the encoded component. Error: no file of ours would be called that; the hint says how.
[[nodiscard]] Result<std::string> from_disk(std::string_view name);

// Editors' and our own leavings: dot files, `*~`, `*.tmp`, `*.swp`.
[[nodiscard]] bool is_leftover(std::string_view name);

// The folders and the file of "<kind>/<encoded name>", the last with ".yaml". Error: a component
// that no file can be called.
[[nodiscard]] Result<std::vector<std::string>> disk_path(std::string_view native_id);

}  // namespace homeostat::files
