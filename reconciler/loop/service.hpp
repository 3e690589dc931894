// The service: every site on a thread of its own, one server in front of them, and the words that
// are exchanged with systemd.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "reconciler/loop/site.hpp"
#include "reconciler/serve/server.hpp"

namespace homeostat {

struct ServiceSettings {
  std::vector<SiteSettings> sites;
  ServerSettings server;   // `listen` "": there is none
  std::string token_hash;  // of the API; "": it is off
  std::string version;
  // In flight when the service is told to stop: so long may it take.
  std::chrono::seconds stop_limit{60};
};

// Runs until `stop`. `reload` is asked now and then: new settings, or nothing where there are none;
// the sites that run are stopped and those of the settings started; settings by which the server
// cannot listen change nothing. Error: it cannot at the start.
[[nodiscard]] Status serve_sites(ServiceSettings settings,
                                 const std::function<std::optional<ServiceSettings>()>& reload,
                                 const std::stop_token& stop, const std::stop_token& cancel);

}  // namespace homeostat
