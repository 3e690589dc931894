// A fetch in this very process: it may hang, and take as long as the remote likes.
#pragma once

#include "reconciler/follow/wire.hpp"

namespace homeostat::follow {

// libgit2 is set up, and nobody else is at work in the folder. Errors as Mirror::fetch says.
[[nodiscard]] Result<Fetched> fetch_here(const FetchRequest& request);

}  // namespace homeostat::follow
