// Asks a running service: for a plan (`homeostat plan --server URL`; nothing is uploaded), or
// whether it is well.
#pragma once

#include <stop_token>
#include <string>

#include "reconciler/serve/api.hpp"

namespace homeostat {

struct AskedServer {
  std::string url = {};          // "https://nas.lab.example.org:8471"
  std::string token = {};        // "": none is sent
  std::string ca_file = {};      // as in HttpSettings
  std::string fingerprint = {};  // likewise
};

// The token in a file that is private to its user, or in HOMEOSTAT_TOKEN where `file` is "". ""
// where there is neither.
[[nodiscard]] Result<std::string> find_token(const std::string& file);

// As the service rendered it. `query.site` may be "" where it follows one. All errors of a revision
// that cannot be read. Waits for as long as a plan may take; a stop request ends it.
[[nodiscard]] tl::expected<ServedPlan, Errors> ask_for_plan(const AskedServer& server,
                                                            const PlanQuery& query,
                                                            const std::stop_token& stop);

// How this machine asks the service that listens there; `certificate` "": without TLS. It is known
// by its certificate, whatever name that is for.
[[nodiscard]] Result<AskedServer> own_server(const std::string& listen,
                                             const std::string& certificate_file);
// Error: nobody answers, or its loop stands still.
[[nodiscard]] Status ask_health(const AskedServer& server, const std::stop_token& stop);

}  // namespace homeostat
