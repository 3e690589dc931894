// What is live beside the spec: `unmanaged` lists what is not ours, `confirm-ownership` gives a
// fresh ledger the word that a delete needs.
#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"
#include "reconciler/memory.hpp"
#include "reconciler/names.hpp"

namespace homeostat::cli {
namespace {

int unmanaged(const Round& round) {
  print_notices(round);
  std::string text;
  std::size_t count = 0;
  for (const Finding& finding : round.planned.plan.findings) {
    text += std::string(name_of(finding.kind)) + "  " + display(finding.address, true, false) +
            (finding.text.empty() ? "" : "  " + finding.text) + "\n";
    ++count;
  }
  print(text + std::to_string(count) + " live and not declared\n");
  const bool unknown = exit_code(round.planned.plan) == 3;
  return unknown ? 3 : 0;
}

int confirm(Round& round, bool yes) {
  std::map<Address, Owned> rows;
  for (const Finding& finding : round.planned.plan.findings) {
    if (finding.kind == Finding::Kind::orphan) rows[finding.address].native_id = finding.native_id;
  }
  // Besides the orphans, what went from the spec since the ledger was begun anew, and what a zone
  // with `authority: full` sweeps: all wait for the same word.
  std::size_t going = 0;
  for (const Change& change : round.planned.plan.changes) {
    if (!change.hold || change.hold->code != HoldCode::no_ledger) continue;
    ++going;
    print("  " + display(change.address, true, false) + "\n");
  }
  const bool lost = !round.memory.unconfirmed.empty();
  if (rows.empty() && !lost) {
    print("nothing to confirm: all that carries this site's marker is declared or known\n");
    return 0;
  }
  if (lost) print(round.memory.unconfirmed + "\n");
  print(std::to_string(going) + " that are not declared wait for this word, " +
        std::to_string(rows.size()) + " of them known by the marker of site " + round.spec.site +
        " alone. Once confirmed, the next plan may delete them.\n");
  if (!yes) {
    const auto answer = ask("Are they ours?");
    if (!answer) return print_error(answer.error());
    if (!*answer) return 0;
  }
  Status saved = round.ledger->save_owned(rows);
  if (saved) saved = confirm_ownership(*round.ledger, round.memory);
  if (!saved) return print_error(saved.error());
  print("confirmed; `homeostat plan` shows what follows\n");
  return 0;
}

}  // namespace

void add_unmanaged(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = add_verb(app, global,
                            {.name = "unmanaged",
                             .brief = "List what is live and not declared.",
                             .more = "Homeostat never touches it.",
                             .examples = "  homeostat unmanaged\n"});
  add_revision_options(*verb, global);
  verb->callback([&global, &command] {
    command = [&global] { return with_round(request_of(global), unmanaged); };
  });
}

void add_confirm_ownership(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb =
      add_verb(app, global,
               {.name = "confirm-ownership",
                .brief = "After a lost ledger: say that orphans are ours.",
                .more = "Lists what is not declared and waits for this word: what carries "
                        "this site's marker, and what has left the spec since. Once "
                        "it is said to be ours, a plan may delete it.",
                .examples = "  homeostat confirm-ownership\n"});
  auto yes = std::make_shared<bool>(false);
  verb->add_flag("-y,--yes", *yes, "do not ask");
  verb->callback([&global, &command, yes] {
    command = [&global, yes] {
      Request request = request_of(global);
      request.record = true;
      return with_round(request, [&](Round& round) { return confirm(round, *yes); });
    };
  });
}

}  // namespace homeostat::cli
