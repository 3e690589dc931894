#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"
#include "reconciler/cli/saved.hpp"

namespace homeostat::cli {
namespace {

struct PlanFlags {
  PlanOptions options;
  bool json = false;
  bool markdown = false;
  bool offline = false;
  std::string out;
};

int plan(const Global& global, const PlanFlags& flags) {
  Request request = request_of(global);
  request.options = flags.options;
  request.offline = flags.offline;
  if (!flags.out.empty()) {
    if (const Errors errors = make_site_key(request); !errors.empty()) return print_errors(errors);
  }
  return with_round(request, [&](const Round& round) {
    const Plan& made = round.planned.plan;
    if (flags.json) {
      print_json(render_json(made, round.spec));
    } else if (flags.markdown) {
      print(render_markdown(made, round.spec));
    } else {
      print(render_text(made, round.spec, style_of(global)));
    }
    if (!made.stops.empty()) return 1;
    if (!flags.out.empty()) {
      const Status saved = save_round(round, in_directory(global, flags.out));
      if (!saved) return print_error(saved.error());
      note("saved: `homeostat apply " + flags.out + "` does this, or nothing");
    }
    return exit_code(made);
  });
}

}  // namespace

void add_plan(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = add_verb(app, global,
                            {.name = "plan",
                             .brief = "Show what would be changed, and why.",
                             .more = "Writes nothing, anywhere: neither live nor in the ledger.",
                             .examples = "  homeostat plan\n"
                                         "  homeostat plan --rev feature --only 'dns/lab/*'\n"
                                         "  homeostat plan --markdown   # for a pull request\n"
                                         "  homeostat plan --out plan.json\n"});
  auto flags = std::make_shared<PlanFlags>();
  add_revision_options(*verb, global);
  add_filter_options(*verb, flags->options);
  add_consent_options(*verb, flags->options);
  auto* json = verb->add_flag("--json", flags->json, "as JSON (plan.schema.json)");
  verb->add_flag("--markdown", flags->markdown, "as Markdown")->excludes(json);
  auto* offline =
      verb->add_flag("--offline", flags->offline, "against the last observation; asks no provider");
  verb->add_option("--out", flags->out, "save it, for `homeostat apply FILE`")
      ->type_name("FILE")
      ->excludes(offline);
  verb->callback(
      [&global, &command, flags] { command = [&global, flags] { return plan(global, *flags); }; });
}

}  // namespace homeostat::cli
