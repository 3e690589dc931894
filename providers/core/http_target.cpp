#include "providers/core/http_transport.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {

Result<HttpTarget> parse_target(const std::string& url) {
  // The message repeats nothing of a url that may hold a password.
  if (url.find('@') != std::string::npos) {
    return fail(ErrorKind::invalid_spec, "its url names a user",
                "user, password and token have settings of their own");
  }
  TRY_ASSIGN(std::string canonical, canonical_url(url));
  if (canonical.find_first_of("?#") != std::string::npos) {
    return fail(ErrorKind::invalid_spec, "its url has a query", "leave out what stands behind ?");
  }
  while (canonical.ends_with('/')) canonical.pop_back();
  if (canonical.starts_with("unix:///")) {
    return HttpTarget{"http://localhost", canonical, canonical.substr(7)};
  }
  if (!canonical.starts_with("http://") && !canonical.starts_with("https://")) {
    return fail(ErrorKind::invalid_spec, in_ticks(canonical) + " is no url of an HTTP API",
                "write http://, https:// or unix:///");
  }
  return HttpTarget{canonical, canonical, ""};
}

}  // namespace homeostat
