#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "reconciler/cli/cli.hpp"
#include "reconciler/mode.hpp"
#include "reconciler/names.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/sources.hpp"

namespace homeostat::cli {
namespace {

std::string shown(const nlohmann::json& value, bool secret) {
  if (value.is_null()) return "(none)";
  if (secret) return std::string(redacted);
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

struct Subject {
  const Round& round;
  const Resource& resource;
  const KindSchema& kind;
  const ProviderKindSchema* extra;
  const LiveResource* live;
  Attributes shown;  // of `live`, what may be seen
  const Owned* owned;
  const Change* change;
};

Subject subject_of(const Round& round, const Address& address) {
  const auto& kinds = round.infos.at(address.provider)->schema.kinds;
  const auto extra = kinds.find(address.kind);
  const auto live = round.planned.live.find(address);
  const auto owned = round.memory.owned.find(address);
  const auto& changes = round.planned.plan.changes;
  const auto change = std::ranges::find(changes, address, &Change::address);
  Attributes seen;
  if (live != round.planned.live.end() && live->second != nullptr) {
    seen = live_to_show(round, address, *live->second);
  }
  return {.round = round,
          .resource = round.planned.desired.at(address),
          .kind = *find_kind(address.kind),
          .extra = extra == kinds.end() ? nullptr : &extra->second,
          .live = live == round.planned.live.end() ? nullptr : live->second,
          .shown = std::move(seen),
          .owned = owned == round.memory.owned.end() ? nullptr : &owned->second,
          .change = change == changes.end() ? nullptr : &*change};
}

void add_place(std::string& text, const Origin& line, const Round& round) {
  if (line.line == 0) return;
  const SourceRef at = source_ref(line, round.spec.files);
  const std::string place = at.file + ":" + std::to_string(at.line);
  if ((text + ",").find(place + ",") != std::string::npos) return;
  text += (text.empty() ? "" : ", ") + place;
}

// "(none)   no longer stated", "2GiB   from media.yaml:4, homeostat.yaml:20"
std::string stated(const Subject& subject, const FieldPath& path, const nlohmann::json& wanted,
                   bool secret) {
  std::string lines;
  for (const FieldOrigin& origin : subject.resource.origins) {
    if (origin.path != path) continue;
    for (const Origin& line : origin.lines) add_place(lines, line, subject.round);
  }
  const Sources sources = sources_of(subject.round.spec, subject.resource.address, path);
  if (lines.empty() && wanted.is_null()) return "(none)   no longer stated";
  if (lines.empty() && sources.stated) {
    for (const Origin& line : sources.lines) add_place(lines, line, subject.round);
  }
  std::string text = shown(wanted, secret) + (lines.empty() ? "   derived" : "   from " + lines);
  for (const Address& target : sources.targets) text += ", by " + display(target, false, false);
  for (const std::string& name : sources.secrets) text += ", with secret." + name;
  return text;
}

std::string agreed_text(const Subject& subject, const FieldPath& path, bool secret) {
  if (subject.round.damaged) return "not known";
  if (subject.owned == nullptr) return "never";
  const auto& rows = subject.owned->agreed;
  const auto found = std::ranges::find(rows, path, &Agreed::path);
  if (found == rows.end()) return "never";
  secret = secret || is_hash(found->value);
  return fmt::format("{} at {:%Y-%m-%d %H:%M:%S} UTC{}", shown(found->value, secret),
                     fmt::gmtime(std::chrono::system_clock::to_time_t(found->at)),
                     found->commit.empty() ? "" : " in " + found->commit.substr(0, 7));
}

std::string field_text(const Subject& subject, const FieldPath& path) {
  const bool secret = is_secret(&subject.resource, subject.kind, subject.extra, path);
  // What the spec says of a secret is a ${secret.x}, which is no secret; a literal one is.
  const auto wanted = value_at(subject.resource.attributes, path, subject.kind, subject.extra);
  const bool literal =
      secret && !(wanted.is_string() && has_template(wanted.get_ref<const std::string&>()));
  const auto live = subject.live == nullptr
                        ? nlohmann::json()
                        : value_at(subject.shown, path, subject.kind, subject.extra);
  std::string text = fmt::format("  {}\n    spec    {}\n    live    {}\n    agreed  {}\n", path,
                                 stated(subject, path, wanted, literal), shown(live, secret),
                                 agreed_text(subject, path, secret));
  if (subject.change == nullptr) return text;
  for (const FieldDiff& diff : subject.change->fields) {
    if (diff.path == path) text += fmt::format("    differs: {}\n", name_of(diff.cause));
  }
  return text;
}

std::set<FieldPath> paths_of(const Subject& subject) {
  std::set<FieldPath> paths;
  for (const FieldOrigin& origin : subject.resource.origins) paths.insert(origin.path);
  if (subject.change != nullptr) {
    for (const FieldDiff& diff : subject.change->fields) paths.insert(diff.path);
  }
  const auto in_sync = subject.round.planned.in_sync.find(subject.resource.address);
  if (in_sync != subject.round.planned.in_sync.end()) {
    paths.insert(in_sync->second.begin(), in_sync->second.end());
  }
  return paths;
}

bool is_unknown(const Subject& subject) {
  return subject.round.planned.plan.unknown.contains(scope_of(subject.resource.address));
}

// Its own mark says more than the ledger, which may be lost.
std::string whose(const Subject& subject) {
  const LiveResource* live = subject.live;
  if (live != nullptr && live->marker && live->marker->id == live->native_id) {
    const std::string& site = live->marker->site;
    return site == subject.round.spec.site ? ", marked as ours" : ", marked as site " + site + "'s";
  }
  if (subject.owned != nullptr) return ", ours by the ledger";
  return live == nullptr ? "" : ", not ours yet";
}

std::string explanation(const Subject& subject) {
  const Resource& resource = subject.resource;
  const SourceRef where = source_ref(resource.where, subject.round.spec.files);
  std::string text = to_string(resource.address);
  const auto undone = subject.round.memory.suspended.find(resource.address);
  if (where.line > 0) {
    text += "\n  declared at " + where.file + ":" + std::to_string(where.line);
  } else if (undone != subject.round.memory.suspended.end()) {
    text += "\n  not declared: kept as it was before run " + std::to_string(undone->second.run) +
            ", which was undone";
  } else {
    text += "\n  not declared: it follows from a run that was undone";
  }
  if (!resource.service.empty()) text += ", by service " + resource.service;
  text += "\n  live: ";
  text += subject.live == nullptr ? "absent" : "native id " + subject.live->native_id;
  text += whose(subject);
  text += "\n  mode: " + std::string(name_of(mode_of(subject.round.spec, resource.address)));
  if (subject.round.memory.forgotten.contains(resource.address)) {
    text += "\n  forgotten: not compared, not changed, not deleted";
  } else if (is_unknown(subject)) {
    text += "\n  not compared: its scope is unknown";
  } else if (subject.change == nullptr) {
    text += "\n  in sync";
  } else {
    text += "\n  planned: " + std::string(name_of(subject.change->action));
    if (subject.change->hold) text += ", held back: " + subject.change->hold->text;
  }
  for (const Address& needed : resource.depends_on) {
    text += "\n  depends on " + display(needed, false, false);
  }
  text += "\n\n";
  for (const FieldPath& path : paths_of(subject)) text += field_text(subject, path);
  return text;
}

int explain(const Round& round, const std::string& what) {
  const auto address = find_address(round.planned.desired, what);
  if (!address) return print_error(address.error());
  print_notices(round);
  print(explanation(subject_of(round, *address)));
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, Global& global, Command& command) {
  auto what = std::make_shared<std::string>();
  CLI::App* verb = add_verb(app, global,
                            {.name = "explain",
                             .brief = "Show where each value of a resource comes from.",
                             .more = "Spec, live system and last agreement, field by field.",
                             .examples = "  homeostat explain container/forgejo\n"
                                         "  homeostat explain dns/lab/@/MX\n",
                             .subject = "ADDRESS"},
                            what.get());
  add_revision_options(*verb, global);
  verb->callback([&global, &command, what] {
    command = [&global, what] {
      return with_round(request_of(global),
                        [&](const Round& round) { return explain(round, *what); });
    };
  });
}

}  // namespace homeostat::cli
