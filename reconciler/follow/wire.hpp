// What a fetch asks of its child process, and what that answers: one JSON each.
#pragma once

#include <string>

#include "reconciler/follow/mirror.hpp"

namespace homeostat::follow {

// What fetch_beside() brings lies below it, apart from all that is the repository's own.
inline constexpr const char* beside_folder = "refs/homeostat/beside/";
// See Mirror::fetch_beside.
struct Beside {
  bool wanted = false;
  std::string ref = {};
};

struct FetchRequest {
  std::string folder = {};
  Remote remote = {};
  int parent = 0;  // the process that waits for the answer
  Beside beside = {};
};

[[nodiscard]] std::string write_request(const FetchRequest& request);
[[nodiscard]] Result<FetchRequest> read_request(const std::string& text);
[[nodiscard]] std::string write_answer(const Result<Fetched>& answer);
[[nodiscard]] Result<Fetched> read_answer(const std::string& text);

// The ref of ours that keeps what was followed last; one for each thing that can be followed.
[[nodiscard]] std::string followed_ref(const Remote& remote);
[[nodiscard]] std::string repository_in(const std::string& folder);

}  // namespace homeostat::follow
