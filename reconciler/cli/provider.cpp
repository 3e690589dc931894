// `provider check SCOPE`: whether a provider keeps its contract on a real server.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"
#include "reconciler/contract/check.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

constexpr std::size_t names_shown = 5;

struct CheckFlags {
  std::string scope;
  bool yes = false;
};

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < names_shown; ++i) text += "  " + names[i] + "\n";
  if (names.size() > names_shown) {
    text += fmt::format("  and {} more\n", names.size() - names_shown);
  }
  return text;
}

int not_seen(const Scope& scope, Error why) {
  why.message = to_string(scope) + " is unknown: " + why.message;
  (void)print_error(why);
  return 3;
}

void print_step(const contract::CheckStep& step) {
  const contract::Told& told = step.told;
  const char* word = !told.complaints.empty() ? "FAILED" : told.cannot.empty() ? "ok" : "cannot do";
  print(fmt::format("{:<10} {:<11} {}{}\n", word, step.subject, step.title,
                    told.cannot.empty() ? "" : " (" + told.cannot + ")"));
  for (const std::string& complaint : told.complaints) {
    print(fmt::format("{:<10} {}\n", "", printable(complaint)));
  }
}

int finish(const contract::CheckResult& result) {
  if (!result.ended.empty()) print("ended before its end: " + printable(result.ended) + "\n");
  for (const std::string& line : result.left) print(printable(line) + "\n");
  print(fmt::format(
      "{} ok, {} failed, {} cannot be done; {}\n", result.ok, result.failed, result.cannot,
      result.left.empty() ? "nothing of it is left behind" : "NOT all of it could be removed"));
  return result.failed == 0 && result.ended.empty() && result.left.empty() ? 0 : 1;
}

int check_scope(const CheckFlags& flags, const Judged& judged, const Scope& scope) {
  contract::ProviderBench bench(judged, scope, Signals::stop(), Signals::cancel());
  if (const Status opened = bench.connect(true); !opened) return not_seen(scope, opened.error());
  const auto content = bench.survey();
  if (!content) return not_seen(scope, content.error());
  if (!content->others.empty()) {
    print(list_of(content->others));
    return print_error(
        fail(ErrorKind::conflict,
             fmt::format("{} holds {} that no check has made: it is no scratch scope",
                         to_string(scope), counted(content->others.size(), "thing")),
             "nothing was touched; configure a zone, or an instance, that is empty")
            .value());
  }
  if (!content->ours.empty()) {
    print("left over by an earlier check, and removed first:\n" + list_of(content->ours));
  }
  if (!flags.yes) {
    const auto answer =
        ask(fmt::format("Make, change and remove things in {} ({})?", to_string(scope),
                        judged.spec.providers.at(scope.provider).type));
    if (!answer) return print_error(answer.error());
    if (!*answer) {
      print("nothing was changed\n");
      return 0;
    }
  }
  if (const Status opened = bench.connect(false); !opened) return not_seen(scope, opened.error());
  if (const contract::Complaints left = bench.clear(); !left.empty()) {
    print(list_of(left));
    return print_error(
        fail(ErrorKind::conflict, "what an earlier check has left cannot be removed").value());
  }
  return finish(contract::check(bench, print_step));
}

int run_check(const Global& global, const CheckFlags& flags) {
  const Request request = request_of(global);
  const auto judged = load_judged(request);
  if (!judged) return print_errors(judged.error());
  const auto scope = contract::find_scratch(*judged, flags.scope);
  if (!scope) {
    (void)print_error(scope.error());
    return scope.error().kind == ErrorKind::auth ? 3 : 1;
  }
  return with_lock(judged->spec.site, request, "provider check",
                   [&] { return check_scope(flags, *judged, *scope); });
}

}  // namespace

void add_provider(CLI::App& app, Global& global, Command& command) {
  CLI::App* provider = app.add_subcommand("provider", "Check a provider against its contract.");
  provider->require_subcommand(1);
  provider->fallthrough();
  provider->footer("Examples:\n  homeostat provider check dns/scratch\n");
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* verb = add_verb(
      *provider, global,
      {.name = "check",
       .brief = "Live with a scope for a while, and say what fails.",
       .more = "Makes, changes and removes things of each kind in an empty scope that nothing is "
               "declared in, and looks whether a plan sees what it should. All of them are called "
               "homeostat-check-..., and are gone in the end, after Ctrl-C too. A scope that holds "
               "anything else is refused. Exit code 1: something failed.",
       .examples = "  homeostat provider check dns/scratch   # a zone\n"
                   "  homeostat provider check pve --yes     # an instance, without its zones\n",
       .subject = "SCOPE"},
      &flags->scope);
  verb->get_option("SCOPE")->description("as `homeostat status` lists them");
  verb->add_flag("-y,--yes", flags->yes, "do not ask");
  verb->callback([&global, &command, flags] {
    command = [&global, flags] { return run_check(global, *flags); };
  });
}

}  // namespace homeostat::cli
