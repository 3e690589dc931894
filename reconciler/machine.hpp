// The machine file: what a machine's owner says about connections, whatever any repo says.
#pragma once

#include <map>
#include <set>
#include <string>

#include "reconciler/connections.hpp"

namespace homeostat {

// pin: { "home:provider/pve": sha256:... }      # this one and no other; needs no `homeostat trust`
// forbid:
//   secrets: [command]                          # ways to get a secret: file, env, command
//   providers: [exec]                           # provider types
struct MachineRules {
  std::string path;  // of the file, for messages; "": there is none
  std::map<std::string, std::string> pins;
  std::set<std::string> forbidden_secrets;
  std::set<std::string> forbidden_providers;

  // The hash that this machine insists on; nullptr: none.
  [[nodiscard]] const std::string* pin_of(const std::string& site,
                                          const std::string& connection) const;
  // "" or what is forbidden: "command secrets", "exec providers".
  [[nodiscard]] std::string forbids(const nlohmann::json& text) const;
};

// HOMEOSTAT_MACHINE_FILE, else as root /etc/homeostat/machine.yaml, else homeostat/machine.yaml in
// $XDG_CONFIG_HOME or ~/.config. "" where there is no such place.
[[nodiscard]] std::string find_machine_file();

// No rules where there is no file (of HOMEOSTAT_MACHINE_FILE it must be there). Refused where
// others may write it. Errors with places.
[[nodiscard]] tl::expected<MachineRules, Errors> load_machine_file(const std::string& path);
[[nodiscard]] tl::expected<MachineRules, Errors> load_machine_file();  // find_machine_file()'s

}  // namespace homeostat
