#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"

namespace homeostat::cli {

void add_version(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = add_verb(app, global,
                            {.name = "version",
                             .brief = "Print the version.",
                             .more = "One line, for scripts and bug reports.",
                             .examples = "  homeostat version\n"});
  verb->callback([&command] {
    command = [] {
      print("homeostat " HOMEOSTAT_VERSION "\n");
      return 0;
    };
  });
}

}  // namespace homeostat::cli
