#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "reconciler/cli/loop_verbs.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

struct ApproveFlags {
  std::string plan;
  std::string site;
};

void show(const Approval& approval) {
  print(fmt::format("{}  {}, asked {}\n", approval.plan, name_of(approval.state),
                    utc_time(approval.requested)));
  print(approval.reason);
}

Result<int> list(const Ledger& ledger) {
  TRY_ASSIGN(const auto approvals, ledger.approvals());
  const auto waits = [](const Approval& approval) {
    return approval.state == Approval::State::waiting;
  };
  if (std::ranges::none_of(approvals, waits)) {
    print("nothing waits for an approval\n");
    return 0;
  }
  for (const Approval& approval : approvals) {
    if (waits(approval)) show(approval);
  }
  print("\napprove with: homeostat approve ID\n");
  return 2;
}

}  // namespace

void add_approve(CLI::App& app, Global& global, Command& command) {
  auto flags = std::make_shared<ApproveFlags>();
  CLI::App* verb = app.add_subcommand("approve", "Let the loop do what waits for your word.");
  verb->footer(
      "Without an ID: shows what waits (exit code 2 where something does). An approval is for\n"
      "exactly that plan: when something moves before it is carried out, it is stale, and asked\n"
      "again. A pull request from a fork waits here too: look at its commit first. Approved, it\n"
      "is planned, and the plan is shown there; nothing of it is carried out.\n\nExamples:\n  "
      "homeostat approve\n  homeostat approve 7c1e3f\n"
      "  homeostat approve 7c1e3f --site home");
  verb->fallthrough();
  verb->add_option("ID", flags->plan, "of the plan, or of a fork's commit; or its first digits");
  add_site_option(*verb, flags->site);
  verb->callback([&global, &command, flags] {
    command = [&global, flags] {
      return with_ledger(global, flags->site, !flags->plan.empty(),
                         [&](Ledger& ledger, const std::string&) -> Result<int> {
                           if (flags->plan.empty()) return list(ledger);
                           TRY_ASSIGN(const Approval approval,
                                      ledger.approve(flags->plan, user_name(), now()));
                           print("approved:\n");
                           show(approval);
                           return 0;
                         });
    };
  });
}

}  // namespace homeostat::cli
