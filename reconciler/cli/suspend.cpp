#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "reconciler/cli/loop_verbs.hpp"
#include "reconciler/report/words.hpp"
#include "reconciler/resume.hpp"

namespace homeostat::cli {
namespace {

struct SuspendFlags {
  std::string glob = "*";
  std::string reason;
  std::string site;
  bool given = false;  // somebody wrote the glob
};

std::string whole(const std::string& glob, const std::string& site) {
  return glob == "*" ? "site " + site : glob;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\n") == std::string::npos;
}

Result<int> suspend(Ledger& ledger, const std::string& site, const SuspendFlags& flags) {
  if (is_blank(flags.glob)) {
    return fail(ErrorKind::invalid_spec, "no address is called ''",
                "leave it out for the whole site");
  }
  if (is_blank(flags.reason)) {
    return fail(ErrorKind::invalid_spec, "--reason says nothing", "for whoever wonders");
  }
  TRY(ledger.hold({.glob = flags.glob, .reason = flags.reason, .by = user_name(), .since = now()}));
  print(
      fmt::format("{} is suspended: the loop looks and tells, and changes nothing there until "
                  "`homeostat resume`\n",
                  whole(flags.glob, site)));
  return 0;
}

Result<int> resume(Ledger& ledger, const std::string& site, const SuspendFlags& flags) {
  // Who lets the site go on does not mean each undone run too: that has to be said.
  TRY_ASSIGN(const Resumed resumed, homeostat::resume(ledger, flags.glob, flags.given));
  if (resumed.hold) print(whole(flags.glob, site) + " goes on\n");
  for (const Address& address : resumed.undone) {
    print(display(address, false, false) + ": git is followed again\n");
  }
  for (const Address& address : resumed.stuck) {
    print(display(address, false, false) + ": it was stuck, and is written again\n");
  }
  if (resumed.hold || !resumed.undone.empty() || !resumed.stuck.empty()) return 0;
  TRY_ASSIGN(const auto waiting, what_waits_for_resume(ledger));
  std::string there;
  for (const std::string& word : waiting) there += (there.empty() ? "" : ", ") + word;
  return fail(ErrorKind::not_found,
              flags.given ? flags.glob + " is not suspended, undone or stuck"
                          : whole(flags.glob, site) + " is not suspended",
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
  verb->footer(
      "An address or a glob that is named also ends what `homeostat undo` keeps as it was, so\n"
      "that git is followed again, and has what is stuck written again.\n\nExamples:\n"
      "  homeostat resume\n"
      "  homeostat resume 'container/*'\n"
      "  homeostat resume dns/lab/nas/A");
  verb->fallthrough();
  const CLI::Option* glob =
      verb->add_option("GLOB", flags->glob,
                       "as it was suspended, or what is undone or stuck (default: the whole site)");
  add_site_option(*verb, flags->site);
  verb->callback([&global, &command, flags, glob] {
    flags->given = glob->count() > 0;
    command = [&global, flags] {
      return with_ledger(global, flags->site, true, [&](Ledger& ledger, const std::string& site) {
        return resume(ledger, site, *flags);
      });
    };
  });
}

}  // namespace homeostat::cli
