#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"

namespace homeostat::cli {

void add_validate(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = add_verb(
      app, global,
      {.name = "validate",
       .brief = "Check the spec; looks at nothing live.",
       .more = "Reads the spec and says everything that is wrong with it, each with its place.",
       .examples = "  homeostat validate\n  homeostat validate homelab --rev feature\n"});
  add_revision_options(*verb, global);
  verb->callback([&global, &command] {
    command = [&global] {
      const auto spec = load(request_of(global));
      if (!spec) return print_errors(spec.error());
      for (const Error& warning : spec->warnings) print_warning(warning);
      print("ok: site " + spec->site + ", " + std::to_string(spec->desired.size()) +
            " resources in " + std::to_string(spec->files.size()) + " files\n");
      return 0;
    };
  });
}

}  // namespace homeostat::cli
