#include "reconciler/report/rows.hpp"

#include <fmt/format.h>

#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"

namespace homeostat {
namespace {

Words symbol_of(const Change& change, Voice voice) {
  if (is_unknown(change)) return {"?", Tone::change};
  if (change.hold) return {"x", Tone::bad};
  const bool drift = change.cause == Cause::drift || change.cause == Cause::both;
  if (voice == Voice::drift && drift) return {"!", Tone::drift};
  switch (change.action) {
    case Action::create:
      return {"+", Tone::good};
    case Action::adopt:
      return {"=", Tone::good};
    case Action::rename:
      return {">", Tone::good};
    case Action::update:
    case Action::restart:
      return drift ? Words{"!", Tone::drift} : Words{"~", Tone::change};
    case Action::replace:
      return {"-/+", Tone::bad};
    case Action::remove:
      return {"-", Tone::bad};
    case Action::release:
      return {"o", Tone::change};
  }
  return {};
}

// The values of a resource that is not on both sides: of one to be created the desired ones, of one
// to be deleted the live ones.
class Portrait {
 public:
  Portrait(const Change& change, const Phrasing& phrasing)
      : change_(change), phrasing_(phrasing), gone_(change.action == Action::remove) {}

  // What tells it from its like, in one line: the values of a record, what a proxy host forwards.
  [[nodiscard]] std::string gist() const {
    const std::string& kind = change_.address.kind;
    if (kind == "dns") return value("values");
    if (kind == "ip") return listed({"address", "mac"});
    if (kind == "container") return listed({"image", "template", "ip", "memory"});
    if (kind == "monitor") return probe();
    if (kind == "proxy_host") return forward();
    return everything();
  }

  [[nodiscard]] std::string value(std::string_view path) const {
    for (const FieldDiff& field : change_.fields) {
      if (field.path == path) return of(field);
    }
    const Attributes& all = gone_ ? change_.before : change_.after;
    const auto found = all.is_object() ? all.find(path) : all.end();
    return all.is_object() && found != all.end() ? value_words(*found) : "";
  }

  [[nodiscard]] std::string of(const FieldDiff& field) const {
    if (!gone_ && !field.after.empty()) {
      return "(after " + phrasing_.addresses(field.after) + ")";
    }
    return value_words(gone_ ? field.live : field.desired);
  }

 private:
  [[nodiscard]] std::string listed(const std::vector<std::string>& paths) const {
    std::string out;
    for (const std::string& path : paths) {
      const std::string text = value(path);
      if (!text.empty()) out += (out.empty() ? "" : ", ") + text;
    }
    return out.empty() ? everything() : out;
  }

  [[nodiscard]] std::string forward() const {
    const std::string redirect = value("redirect/to");
    if (!redirect.empty()) return value("domains") + " redirects to " + redirect;
    const std::string scheme = value("forward_scheme");
    const std::string to = with_port(value("forward_host"), value("forward_port"));
    if (to.empty()) return value("domains");
    return value("domains") + " to " + (scheme.empty() ? "" : scheme + "://") + to;
  }

  [[nodiscard]] std::string probe() const {
    const std::string target = value("target");
    const std::string type = value("type");
    return target.empty() || type.empty() ? type + target : type + " " + target;
  }

  [[nodiscard]] static std::string with_port(const std::string& host, const std::string& port) {
    return host.empty() || port.empty() ? host : host + ":" + port;
  }

  [[nodiscard]] std::string everything() const {
    std::string out;
    for (const FieldDiff& field : change_.fields) {
      out += (out.empty() ? "" : ", ") + printable(field.path) + " " + of(field);
    }
    return out;
  }

  const Change& change_;
  const Phrasing& phrasing_;
  const bool gone_;
};

Phrase difference(const Change& change, const FieldDiff& field, const Phrasing& phrasing) {
  const bool drift = phrasing.voice == Voice::drift;
  // A record is its values: they need no name.
  const bool record = change.address.kind == "dns" && field.path == "values";
  const std::string path = record ? "" : printable(field.path);
  const bool both_there = !field.live.is_null() && !field.desired.is_null();
  if (field.secret && both_there && field.after.empty()) {
    return {path + (drift ? " differs (secret)" : " changes (secret)")};
  }
  const std::string wanted = field.after.empty()
                                 ? value_words(field.desired)
                                 : "(after " + phrasing.addresses(field.after) + ")";
  if (drift)
    return {path + (record ? "is" : " is"), value_words(field.live), ", should be ", wanted};
  return {path, value_words(field.live), " -> ", wanted};
}

std::string winner(const std::optional<Provenance>& provenance) {
  return provenance && provenance->undone != 0 ? "the undo wins" : "git wins";
}

// What `both` loses.
std::string loss(const FieldDiff& field, const Phrasing& phrasing) {
  std::string out = "(" + winner(field.provenance) + ": " + printable(field.path) + " ";
  out += field.secret ? "as changed" : cut_middle(value_words(field.live), 40);
  out += " by hand";
  if (field.since) out += " since " + phrasing.moment(*field.since);
  if (!field.by.empty()) out += ", by " + printable(field.by) + ",";
  return out + " is lost)";
}

void add_line(Row& row, Phrase phrase, Words cause) {
  const bool same = !row.lines.empty() && row.lines.back().cause.text == cause.text;
  row.lines.push_back({std::move(phrase), std::move(cause), same});
}

void add_fields(Row& row, const Change& change, const Phrasing& phrasing) {
  for (const FieldDiff& field : change.fields) {
    if (phrasing.voice == Voice::drift && !caused_outside_git(field.cause)) continue;
    add_line(row, difference(change, field, phrasing), phrasing.cause(field));
    if (field.cause == Cause::both) row.notes.push_back(loss(field, phrasing));
  }
}

// Of a resource that was deleted by hand while git changed it.
std::string deletion(const Change& change, const Phrasing& phrasing) {
  std::string out = "(deleted by hand";
  if (change.since) out += " since " + phrasing.moment(*change.since);
  return out + ": " + winner(change.provenance) + ")";
}

void add_portrait(Row& row, const Change& change, const Phrasing& phrasing) {
  const Portrait portrait(change, phrasing);
  const bool gone = change.action == Action::remove;
  const std::string verb = !change.hold ? "" : gone ? "delete: " : "create:";
  Words cause = phrasing.cause(change);
  const std::string gist = portrait.gist();
  if (phrasing.voice == Voice::drift) {
    const std::string head = gone           ? "is there, undeclared:"
                             : gist.empty() ? "is gone"
                                            : "is gone, should be";
    add_line(row, {head, "", "", gist}, std::move(cause));
    return;
  }
  if (!gone && change.cause == Cause::drift) cause.text += ": gone";
  if (!gone && change.cause == Cause::both) row.notes.push_back(deletion(change, phrasing));
  if (gist.empty()) {
    add_line(row, {std::string(name_of(change.action))}, std::move(cause));
    return;
  }
  if (!phrasing.style.verbose || change.fields.empty()) {
    add_line(row, {verb + (gone ? "was" : ""), "", "", gist}, std::move(cause));
    return;
  }
  for (const FieldDiff& field : change.fields) {
    std::string head = gone ? "was " : "";
    head += printable(field.path);
    add_line(row, {std::move(head), "", "", portrait.of(field)}, cause);
  }
}

std::string release_words(const Change& change) {
  if (change.quiet) return "gone already, forgotten";
  const bool stops = change.on_remove == OnRemove::stop && change.address.kind == "container";
  return stops ? "is stopped, then no longer managed" : "no longer managed, stays as it is";
}

// By the action alone it is said, or of no interest, what it was called.
bool tells_its_name(Action action) {
  return action == Action::rename || action == Action::remove || action == Action::release;
}

void add_notes(Row& row, const Change& change, const Phrasing& phrasing) {
  if (phrasing.voice == Voice::plan) {
    if (change.action == Action::restart) row.notes.emplace_back("(restart)");
    if (change.action == Action::replace) {
      row.notes.emplace_back(change.data ? "(replace: destroys it with its data, makes it anew)"
                                         : "(replace: destroys it, makes it anew)");
    }
    if (change.from && !tells_its_name(change.action)) {
      row.notes.push_back("(renamed: was " + phrasing.address(*change.from) + ")");
    }
    if (change.action == Action::adopt && !change.hold && !change.quiet) {
      row.notes.emplace_back("(exists already, becomes ours)");
    }
    if (change.park) {
      row.notes.push_back(fmt::format("(by way of {} {}, to break a circle)",
                                      printable(change.park->path),
                                      value_words(change.park->value)));
    }
    if (change.gap && change.action == Action::remove) {
      row.notes.push_back(
          fmt::format("(a short gap: {} cannot put another in its place in one step)",
                      printable(change.address.provider)));
    }
    if (phrasing.style.verbose && !change.needs.empty()) {
      row.notes.push_back("(after " + phrasing.addresses(change.needs) + ")");
    }
  }
  if (change.hold) {
    row.held = (is_unknown(change) ? "unknown: " : "held: ") + printable(change.hold->text);
  }
}

std::string unknown_words(std::size_t count, const Scope& scope) {
  const std::string who = scope.zone.empty()
                              ? printable(scope.provider)
                              : printable(scope.zone) + " on " + printable(scope.provider);
  return fmt::format("{} not compared: {} is unknown", count, who);
}

}  // namespace

std::string to_string(const Phrase& phrase) {
  const std::string values = phrase.left + phrase.joint + phrase.right;
  if (phrase.head.empty() || values.empty()) return phrase.head + values;
  return phrase.head + " " + values;
}

Row describe(const Change& change, const Phrasing& phrasing) {
  Row row;
  const Words symbol = symbol_of(change, phrasing.voice);
  row.symbol = symbol.text;
  row.tone = symbol.tone;
  row.address = phrasing.address(change.address);
  switch (change.action) {
    case Action::create:
    case Action::remove:
      add_portrait(row, change, phrasing);
      break;
    case Action::rename:
      add_line(row, {"was " + (change.from ? phrasing.address(*change.from) : "")},
               phrasing.cause(change));
      add_fields(row, change, phrasing);
      break;
    case Action::release:
      add_line(row, {release_words(change)}, phrasing.cause(change));
      break;
    case Action::adopt:
    case Action::update:
    case Action::restart:
    case Action::replace:
      add_fields(row, change, phrasing);
      break;
  }
  if (row.lines.empty()) {
    add_line(row, {change.quiet ? "as declared" : std::string(name_of(change.action))},
             change.quiet ? Words{} : phrasing.cause(change));
  }
  add_notes(row, change, phrasing);
  return row;
}

std::vector<Row> describe_unknown(const Phrasing& phrasing) {
  std::vector<Row> rows;
  for (const auto& [scope, kinds] : phrasing.plan.unknown) {
    for (const auto& [kind, count] : kinds) {
      Row row;
      row.symbol = "?";
      row.tone = Tone::change;
      row.address = printable(scope.zone.empty() ? kind : kind + "/" + scope.zone) + "/*";
      add_line(row, {unknown_words(count, scope)}, {});
      rows.push_back(std::move(row));
    }
  }
  if (!phrasing.style.verbose) return rows;
  for (const auto& [address, resource] : phrasing.spec.desired) {
    if (!phrasing.plan.unknown.contains(scope_of(address))) continue;
    Row row;
    row.symbol = "?";
    row.tone = Tone::change;
    row.address = phrasing.address(address);
    add_line(row, {"not compared"}, {});
    rows.push_back(std::move(row));
  }
  return rows;
}

void join_holds(std::vector<Row>& rows) {
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t next = first + 1;
    while (next < rows.size() && rows[next].held == rows[first].held) ++next;
    const std::size_t count = next - first;
    if (count > 1 && !rows[first].held.empty()) {
      const std::string text = rows[first].held;
      for (std::size_t i = first; i + 1 < next; ++i) rows[i].held.clear();
      const std::size_t colon = text.find(':');
      const std::string all = count == 2 ? "both" : fmt::format("all {}", count);
      rows[next - 1].held = text.substr(0, colon) + ", " + all + text.substr(colon);
    }
    first = next;
  }
}

}  // namespace homeostat
