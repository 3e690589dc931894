// The machine file: what a machine's owner says about connections, whatever any repo says, and what
// the service of this machine does.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "reconciler/connections.hpp"
#include "reconciler/service_config.hpp"

namespace homeostat {

// pin: { "home:provider/pve": sha256:... }      # this one and no other; needs no `homeostat trust`
// forbid:
//   secrets: [command]                          # ways to get a secret: file, env, command
//   providers: [exec]                           # provider types
//   notifiers: [exec]                           # notifier types
// service: ...                                  # service_config.hpp
struct MachineRules {
  std::string path;  // of the file, for messages; "": there is none
  std::map<std::string, std::string> pins;
  std::set<std::string> forbidden_secrets;
  std::set<std::string> forbidden_providers;
  std::set<std::string> forbidden_notifiers;

  // The hash that this machine insists on; nullptr: none.
  [[nodiscard]] const std::string* pin_of(const std::string& site,
                                          const std::string& connection) const;
  // "" or what is forbidden: "command secrets", "exec providers", "exec notifiers".
  [[nodiscard]] std::string forbids(const Connection& connection) const;
};

// HOMEOSTAT_MACHINE_FILE, else as root /etc/homeostat/machine.yaml, else homeostat/machine.yaml in
// $XDG_CONFIG_HOME or ~/.config. "" where there is no such place.
[[nodiscard]] std::string find_machine_file();

struct MachineFile {
  MachineRules rules;
  std::optional<ServiceConfig> service;  // nullopt: it says nothing of one
};

// Empty where there is no file (of HOMEOSTAT_MACHINE_FILE it must be there). Refused where others
// may write it. Errors with places.
[[nodiscard]] tl::expected<MachineFile, Errors> read_machine_file(const std::string& path);
[[nodiscard]] tl::expected<MachineFile, Errors> read_machine_file();  // find_machine_file()'s
// The rules alone.
[[nodiscard]] tl::expected<MachineRules, Errors> load_machine_file(const std::string& path);
[[nodiscard]] tl::expected<MachineRules, Errors> load_machine_file();

}  // namespace homeostat
