#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"
#include "reconciler/cli/saved.hpp"
#include "reconciler/serve/client.hpp"

namespace homeostat::cli {
namespace {

struct PlanFlags {
  PlanOptions options;
  bool json = false;
  bool markdown = false;
  bool offline = false;
  std::string out;
  AskedServer server;
  std::string site;
  std::string token_file;
};

int ask(const Global& global, const PlanFlags& flags) {
  AskedServer server = flags.server;
  const auto token = find_token(flags.token_file);
  if (!token) return print_error(token.error());
  server.token = *token;
  const auto made = ask_for_plan(server,
                                 {.site = flags.site,
                                  .rev = global.rev,
                                  .format = flags.json       ? PlanFormat::json
                                            : flags.markdown ? PlanFormat::markdown
                                                             : PlanFormat::text,
                                  .style = style_of(global),
                                  .options = flags.options},
                                 Signals::stop());
  if (!made) return print_errors(made.error());
  print(made->body);
  return made->exit_code;
}

int plan(const Global& global, const PlanFlags& flags) {
  if (!flags.server.url.empty()) return ask(global, flags);
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

// What is asked of the service knows nothing of this folder, and gives no consent.
CLI::Option* add_server_options(CLI::App& verb, PlanFlags& flags) {
  CLI::Option* server =
      verb.add_option("--server", flags.server.url,
                      "ask the running service, with its ledger, for what it follows or --rev; "
                      "token: HOMEOSTAT_TOKEN")
          ->type_name("URL");
  for (const char* local :
       {"--path", "--adopt", "--allow-destroy", "--allow-deletes", "--accept-empty"}) {
    server->excludes(verb.get_option(local));
  }
  verb.add_option("--site", flags.site, "which of the service's sites")
      ->type_name("NAME")
      ->needs(server);
  verb.add_option("--token-file", flags.token_file, "the token, in a file private to you")
      ->type_name("FILE")
      ->needs(server);
  verb.add_option("--ca-file", flags.server.ca_file, "authorities of the service's certificate")
      ->type_name("FILE")
      ->needs(server);
  verb.add_option("--fingerprint", flags.server.fingerprint,
                  "SHA-256 of the service's certificate: that one alone is taken")
      ->type_name("HEX")
      ->needs(server);
  return server;
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
                                         "  homeostat plan --out plan.json\n"
                                         "  homeostat plan --server http://127.0.0.1:8471\n"});
  auto flags = std::make_shared<PlanFlags>();
  add_revision_options(*verb, global);
  add_filter_options(*verb, flags->options);
  add_consent_options(*verb, flags->options);
  auto* json = verb->add_flag("--json", flags->json, "as JSON (plan.schema.json)");
  verb->add_flag("--markdown", flags->markdown, "as Markdown")->excludes(json);
  auto* offline =
      verb->add_flag("--offline", flags->offline, "against the last observation; asks no provider");
  auto* out = verb->add_option("--out", flags->out, "save it, for `homeostat apply FILE`")
                  ->type_name("FILE")
                  ->excludes(offline);
  add_server_options(*verb, *flags)->excludes(offline)->excludes(out);
  verb->callback(
      [&global, &command, flags] { command = [&global, flags] { return plan(global, *flags); }; });
}

}  // namespace homeostat::cli
