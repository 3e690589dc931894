// Whether the service of this machine is well: for a container, which has no curl.
#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"
#include "reconciler/machine.hpp"
#include "reconciler/serve/client.hpp"

namespace homeostat::cli {
namespace {

int health() {
  const auto machine = read_machine_file();
  if (!machine) return print_errors(machine.error());
  const ServiceConfig service = machine->service.value_or(ServiceConfig());
  const auto server =
      own_server(service.listen, service.tls ? service.tls->certificate : std::string());
  if (!server) return print_error(server.error());
  const Status well = ask_health(*server, Signals::stop());
  if (!well) return print_error(well.error());
  print("the service is well\n");
  return 0;
}

}  // namespace

void add_health(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb =
      add_verb(app, global,
               {.name = "health",
                .brief = "Ask this machine's service whether it is well.",
                .more = "Asks /healthz where the machine file says `listen`. Exit code "
                        "0 where its loop moves, else 1.",
                .examples = "  homeostat health\n"});
  verb->callback([&command] { command = [] { return health(); }; });
}

}  // namespace homeostat::cli
