#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string_view>

#include "reconciler/cli/cli.hpp"
#include "reconciler/cli/heap.hpp"
#include "reconciler/follow/mirror.hpp"
#include "reconciler/private_memory.hpp"

namespace homeostat::cli {
namespace {

void add_global_options(CLI::App& app, Global& global) {
  app.add_option("-C", global.directory, "start in this directory")->type_name("DIR");
  app.add_option("--ledger", global.ledger, "the ledger's file (default: see README, Places)")
      ->type_name("PATH");
  app.add_option("--log-format", global.log_format, "of what goes to standard error")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("--color", global.color, "colour the output")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag("-v,--verbose", global.verbose, "say more; twice: log each call");
}

int run(int argc, char** argv) {
  CLI::App app{
      "Homeostat keeps containers, addresses, DNS records, proxy hosts and monitors the\n"
      "way a git repository says they should be.",
      "homeostat"};
  Global global;
  Command command;
  add_global_options(app, global);
  app.require_subcommand(1);
  app.footer(
      "`homeostat VERB --help` shows what a verb does, with examples.\n"
      "Exit codes: 0 in sync, 2 something differs, 3 something could not be observed,\n"
      "1 an error.");
  add_validate(app, global, command);
  add_plan(app, global, command);
  add_apply(app, global, command);
  add_drift(app, global, command);
  add_report(app, global, command);
  add_status(app, global, command);
  add_explain(app, global, command);
  add_get(app, global, command);
  add_history(app, global, command);
  add_undo(app, global, command);
  add_forget(app, global, command);
  add_unmanaged(app, global, command);
  add_adopt(app, global, command);
  add_confirm_ownership(app, global, command);
  add_trust(app, global, command);
  add_providers(app, global, command);
  add_provider(app, global, command);
  add_run(app, global, command);
  add_approve(app, global, command);
  add_suspend(app, global, command);
  add_resume(app, global, command);
  add_incidents(app, global, command);
  add_health(app, global, command);
  add_version(app, global, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" of exit code 0; every wrong use is an error of ours, 1.
    return app.exit(error) == 0 ? 0 : 1;
  }
  set_up_log(global.log_format, global.verbose);
  const Signals signals;
  return command();
}

}  // namespace
}  // namespace homeostat::cli

int main(int argc, char** argv) {
  homeostat::keep_memory_private();
  homeostat::cli::prepare_heap();
  if (argc == 2 && argv[1] == std::string_view(homeostat::follow::fetch_child_word)) {
    // At once: what libgit2 and those below it have forgotten to free concerns nobody.
    ::_exit(homeostat::follow::fetch_child_main());
  }
  return homeostat::cli::run(argc, argv);
}
