#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"

namespace homeostat::cli {
namespace {

// One address, or all that a glob matches. An owned one may be gone from the spec, so the ledger is
// asked too.
Result<std::vector<Address>> find_known(const Round& round, const std::string& text) {
  Desired known;
  for (const auto& [address, resource] : round.planned.desired) known[address];
  for (const auto& [address, row] : round.memory.owned) known[address];
  for (const Finding& finding : round.planned.plan.findings) {
    if (finding.kind == Finding::Kind::orphan) known[finding.address];
  }
  if (text.find_first_of("*?") == std::string::npos) {
    TRY_ASSIGN(Address address, find_address(known, text));
    return std::vector<Address>{std::move(address)};
  }
  std::vector<Address> found;
  for (const auto& [address, resource] : known) {
    if (address_matches(address, text)) found.push_back(address);
  }
  if (!found.empty()) return found;
  return fail(ErrorKind::not_found, "nothing of ours, and nothing declared, matches " + text,
              "`homeostat status -v` lists what there is");
}

int forget(Round& round, const std::string& what) {
  const auto addresses = find_known(round, what);
  if (!addresses) return print_error(addresses.error());
  for (const Address& address : *addresses) {
    Status done = round.ledger->save_forgotten(address, true);
    if (done) done = round.ledger->remove_owned({address});
    const auto undone = round.memory.suspended.find(address);
    // Brought back by an undone run, and declared by nothing.
    const bool kept = undone != round.memory.suspended.end() && undone->second.declared.empty();
    if (done && kept) done = round.ledger->save_suspended({}, {address});
    if (!done) return print_error(done.error());
    print(display(address, false, false) +
          " is forgotten: it stays as it is, and is no longer compared, changed or deleted\n");
    if (!kept && round.planned.desired.contains(address)) {
      print("it is still declared; `homeostat apply --adopt " + display(address, false, false) +
            "` takes it back\n");
    }
  }
  return 0;
}

}  // namespace

void add_forget(CLI::App& app, Global& global, Command& command) {
  auto what = std::make_shared<std::string>();
  CLI::App* verb = add_verb(
      app, global,
      {.name = "forget",
       .brief = "Let a resource go without touching it.",
       .more = "It stays live as it is, and is ours no more. A glob lets go of all that it "
               "matches.",
       .examples = "  homeostat forget container/old\n"
                   "  homeostat forget 'dns/old-zone/*'\n",
       .subject = "ADDRESS"},
      what.get());
  verb->callback([&global, &command, what] {
    command = [&global, what] {
      Request request = request_of(global);
      request.whole = true;
      return with_locked_round(
          request, "forget", [](const Spec&) { return Status(); },
          [&](Round& round) { return forget(round, *what); });
    };
  });
}

}  // namespace homeostat::cli
