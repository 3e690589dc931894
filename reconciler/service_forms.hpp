// The forms of single values in the `service` of a machine file. Pure; errors are of what is
// written, and hold no password.
#pragma once

#include <string>
#include <string_view>

#include "specs/result.hpp"

namespace homeostat {

[[nodiscard]] Result<std::string> whole_path(std::string_view text);  // from / on
// https://, http://, ssh://, file://, git@HOST:PATH, or a whole path.
[[nodiscard]] Result<std::string> repository(std::string_view text);
[[nodiscard]] bool holds_password(std::string_view url);                    // "https://ana:x@host/"
[[nodiscard]] Result<std::string> inner_path(std::string_view text);        // inside a repository
[[nodiscard]] Result<std::string> commit_hash(std::string_view text);       // all of it
[[nodiscard]] Result<std::string> host_fingerprint(std::string_view text);  // "SHA256:..."
// "127.0.0.1:8471", "[::1]:8471", "localhost:8471"; "" is itself.
[[nodiscard]] Result<std::string> listen_address(std::string_view text);

}  // namespace homeostat
