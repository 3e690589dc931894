#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"

namespace homeostat::cli {
namespace {

struct DriftFlags {
  PlanOptions options;
  bool json = false;
};

int drift(const Global& global, const DriftFlags& flags) {
  Request request = request_of(global);
  request.options = flags.options;
  request.record = true;
  return with_round(request, [&](Round& round) {
    const Plan& plan = round.planned.plan;
    if (flags.json) {
      print_json(render_json(drift_part(plan), round.spec));
    } else {
      print(render_drift_text(plan, round.spec, style_of(global)));
    }
    // What is equal now is agreed now; a difference that is new begins now. Nothing is adopted: a
    // look must not make anything ours.
    const Status recorded = record_agreement(round, round.planned, false);
    return recorded ? drift_exit_code(plan) : print_error(recorded.error());
  });
}

}  // namespace

void add_drift(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb =
      add_verb(app, global,
               {.name = "drift",
                .brief = "Show the differences that git did not cause.",
                .more = "Oldest first. Remembers since when they stand; changes nothing live.",
                .examples = "  homeostat drift\n"
                            "  homeostat drift --only 'proxy_host/*' --json\n"});
  auto flags = std::make_shared<DriftFlags>();
  add_revision_options(*verb, global);
  add_filter_options(*verb, flags->options);
  verb->add_flag("--json", flags->json, "as JSON, in the form of plan --json");
  verb->callback(
      [&global, &command, flags] { command = [&global, flags] { return drift(global, *flags); }; });
}

}  // namespace homeostat::cli
