#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "reconciler/cli/loop_verbs.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

struct SuspendFlags {
  std::string glob = "*";
  std::string reason;
  std::string site;
};

std::string whole(const std::string& glob, const std::string& site) {
  return glob == "*" ? "site " + site : glob;
}

Result<int> suspend(Ledger& ledger, const std::string& site, const SuspendFlags& flags) {
  TRY(ledger.hold({.glob = flags.glob, .reason = flags.reason, .by = user_name(), .since = now()}));
  print(
      fmt::format("{} is suspended: the loop looks and tells, and changes nothing there until "
                  "`homeostat resume`\n",
                  whole(flags.glob, site)));
  return 0;
}

Result<int> resume(Ledger& ledger, const std::string& site, const SuspendFlags& flags) {
  TRY_ASSIGN(const bool was, ledger.release(flags.glob));
  if (was) {
    print(whole(flags.glob, site) + " goes on\n");
    return 0;
  }
  TRY_ASSIGN(const auto holds, ledger.manual_holds());
  std::string there;
  for (const ManualHold& hold : holds) there += (there.empty() ? "" : ", ") + hold.glob;
  return fail(ErrorKind::not_found, whole(flags.glob, site) + " is not suspended",
              there.empty() ? "nothing is" : "these are: " + there);
}

}  // namespace

void add_suspend(CLI::App& app, Global& global, Command& command) {
  auto flags = std::make_shared<SuspendFlags>();
  CLI::App* verb = app.add_subcommand("suspend", "Let the loop leave something alone.");
  verb->footer(
      "It is looked at and told of, and not changed, over restarts too, until `homeostat resume`.\n"
      "`homeostat apply` by hand is not bound by it.\n\nExamples:\n"
      "  homeostat suspend --reason 'moving house'\n"
      "  homeostat suspend 'container/*' --reason 'disk is being replaced'");
  verb->fallthrough();
  verb->add_option("GLOB", flags->glob, "addresses (default: the whole site)");
  verb->add_option("--reason", flags->reason, "for whoever wonders")->required();
  add_site_option(*verb, flags->site);
  verb->callback([&global, &command, flags] {
    command = [&global, flags] {
      return with_ledger(global, flags->site, true, [&](Ledger& ledger, const std::string& site) {
        return suspend(ledger, site, *flags);
      });
    };
  });
}

void add_resume(CLI::App& app, Global& global, Command& command) {
  auto flags = std::make_shared<SuspendFlags>();
  CLI::App* verb = app.add_subcommand("resume", "Let the loop go on with it.");
  verb->footer("Examples:\n  homeostat resume\n  homeostat resume 'container/*'");
  verb->fallthrough();
  verb->add_option("GLOB", flags->glob, "as it was suspended (default: the whole site)");
  add_site_option(*verb, flags->site);
  verb->callback([&global, &command, flags] {
    command = [&global, flags] {
      return with_ledger(global, flags->site, true, [&](Ledger& ledger, const std::string& site) {
        return resume(ledger, site, *flags);
      });
    };
  });
}

}  // namespace homeostat::cli
