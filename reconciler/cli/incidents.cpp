#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "reconciler/cli/loop_verbs.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

struct IncidentFlags {
  bool all = false;
  bool json = false;
  std::string site;
};

nlohmann::json to_json(const Incident& incident) {
  const Trouble& trouble = incident.trouble;
  return {{"id", incident.id},
          {"kind", name_of(trouble.kind)},
          {"title", trouble.title},
          {"details", trouble.details},
          {"by", trouble.by},
          {"since", utc_time(trouble.since)},
          {"opened", utc_time(incident.opened)},
          {"closed", incident.closed ? nlohmann::json(utc_time(*incident.closed)) : nullptr},
          {"flapping", incident.flapping}};
}

Result<int> list(const Ledger& ledger, const IncidentFlags& flags) {
  TRY_ASSIGN(const auto incidents, ledger.incidents(flags.all ? Time{} : now()));
  nlohmann::json rows = nlohmann::json::array();
  std::size_t open = 0;
  for (const Incident& incident : incidents) {
    if (incident.closed && !flags.all) continue;
    if (!incident.closed) ++open;
    if (flags.json) {
      rows.push_back(to_json(incident));
      continue;
    }
    print(fmt::format("{:>4}  {:<12} {}{}\n      since {}{}{}\n", incident.id,
                      name_of(incident.trouble.kind), printable(incident.trouble.title),
                      incident.flapping ? " (comes and goes)" : "",
                      utc_time(incident.trouble.since),
                      incident.trouble.by.empty() ? "" : ", by " + printable(incident.trouble.by),
                      incident.closed ? ", closed " + utc_time(*incident.closed) : ""));
  }
  if (flags.json) {
    print_json(rows);
  } else if (open == 0) {
    print("no open incidents\n");
  }
  return open == 0 ? 0 : 2;
}

}  // namespace

void add_incidents(CLI::App& app, Global& global, Command& command) {
  auto flags = std::make_shared<IncidentFlags>();
  CLI::App* verb = app.add_subcommand("incidents", "Show what is wrong, and was told of.");
  verb->footer(
      "What the service has found: drift, failed changes, providers that are away, ... Exit code "
      "2\n"
      "where some are open.\n\nExamples:\n  homeostat incidents\n  homeostat incidents --all "
      "--json");
  verb->fallthrough();
  verb->add_flag("--all", flags->all, "those that are over, too");
  verb->add_flag("--json", flags->json, "as JSON");
  add_site_option(*verb, flags->site);
  verb->callback([&global, &command, flags] {
    command = [&global, flags] {
      return with_ledger(global, flags->site, false,
                         [&](Ledger& ledger, const std::string&) { return list(ledger, *flags); });
    };
  });
}

}  // namespace homeostat::cli
