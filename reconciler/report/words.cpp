#include "reconciler/report/words.hpp"

#include <fmt/format.h>

#include <array>

#include "reconciler/report/cells.hpp"

namespace homeostat {
namespace {

constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string nested_words(const nlohmann::json& value, bool alone);

// `among`: other values stand beside it, so that a comma of its own has to be told from theirs.
std::string scalar_words(const nlohmann::json& value, bool among) {
  if (value.is_null()) return "(none)";
  if (!value.is_string()) return value.dump();
  std::string text = printable(value.get_ref<const std::string&>());
  const bool edge = text.empty() || text.front() == ' ' || text.back() == ' ';
  return edge || (among && text.find(',') != std::string::npos) ? '"' + text + '"' : text;
}

std::string joined(const nlohmann::json& value) {
  std::string out;
  for (const auto& [key, item] : value.items()) {
    if (!out.empty()) out += ", ";
    if (value.is_object()) out += printable(key) + "=";
    out += nested_words(item, value.size() == 1);
  }
  return out;
}

std::string nested_words(const nlohmann::json& value, bool alone) {
  if (value.is_object()) return "{" + joined(value) + "}";
  if (value.is_array()) return "[" + joined(value) + "]";
  return scalar_words(value, !alone);
}

std::string person(std::string_view author) {
  return printable(author.substr(0, author.find(" <")));
}

}  // namespace

std::string value_words(const nlohmann::json& value) {
  if (!value.is_structured()) return scalar_words(value, false);
  return value.empty() ? "(empty)" : joined(value);
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string age_words(std::chrono::seconds age) {
  using namespace std::chrono_literals;
  const auto whole = [age](std::chrono::seconds unit) { return std::max<long>(0, age / unit); };
  if (age < 90s) return fmt::format("{} s", whole(1s));
  if (age < 90min) return fmt::format("{} min", whole(1min));
  if (age < 48h) return fmt::format("{} h", whole(1h));
  return fmt::format("{} days", whole(24h));
}

std::string scope_words(const Plan& plan, const Scope& scope) {
  if (scope.zone.empty()) return printable(scope.provider);
  for (const ScopeSummary& other : plan.scopes) {
    if (other.scope.zone == scope.zone && other.scope.provider != scope.provider) {
      return printable(to_string(scope));
    }
  }
  return printable(scope.zone);
}

std::string utc_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string short_commit(std::string_view commit) { return std::string(commit.substr(0, 7)); }

std::string revision_words(const Plan& plan) {
  if (plan.commit.empty()) return "no git";
  std::string out = plan.branch.empty() ? "" : printable(plan.branch) + "@";
  out += short_commit(plan.commit);
  return plan.uncommitted ? out + "+uncommitted" : out;
}

std::string cut_off_words(const Plan& plan) {
  return plan.cut_off == 1 ? "resolved a write that was cut off"
                           : fmt::format("resolved {} writes that were cut off", plan.cut_off);
}

std::string undone_words(std::int64_t run) { return fmt::format("undo of run {}", run); }

std::string error_words(const Error& error) {
  std::string out = printable(error.message);
  return error.hint.empty() ? out : out + " (" + printable(error.hint) + ")";
}

std::string place_words(const SourceRef& where) {
  if (where.file.empty()) return "";
  const std::string file = printable(where.file);
  return where.line > 0 ? fmt::format("{}:{}", file, where.line) : file;
}

std::string warning_words(const Error& warning) {
  const std::string place = place_words(warning.where);
  return (place.empty() ? "" : place + ": ") + error_words(warning);
}

std::string warning_lines(const Errors& warnings) {
  std::string out;
  for (const Error& warning : warnings) out += warning_words(warning) + "\n";
  return out;
}

bool is_unknown(const Change& change) {
  return change.hold && change.hold->code == HoldCode::no_ledger;
}

bool caused_outside_git(Cause cause) {
  return cause == Cause::drift || cause == Cause::both || cause == Cause::first_contact;
}

std::string moment_words(const Day& day, Time time, bool seconds) {
  const auto shift = std::chrono::minutes(day.utc_offset_minutes);
  const auto date = std::chrono::floor<std::chrono::days>(time + shift);
  const auto today = std::chrono::floor<std::chrono::days>(day.today + shift);
  const std::chrono::hh_mm_ss clock(time + shift - date);
  std::string out;
  if (date != today) {
    const std::chrono::year_month_day named(date);
    out = fmt::format("{} {} ", static_cast<unsigned>(named.day()),
                      months.at(static_cast<unsigned>(named.month()) - 1));
    if (named.year() != std::chrono::year_month_day(today).year()) {
      out += fmt::format("{} ", static_cast<int>(named.year()));
    }
  }
  out += fmt::format("{:02}:{:02}", clock.hours().count(), clock.minutes().count());
  return seconds ? out + fmt::format(":{:02}", clock.seconds().count()) : out;
}

Phrasing::Phrasing(const Plan& of, const Spec& from, const TextStyle& look, Voice whose)
    : plan(of),
      spec(from),
      style(look),
      voice(whose),
      day_{of.made == Time{} ? of.at : of.made, look.utc_offset_minutes} {
  std::map<std::string, std::string> providers;
  for (const Change& change : plan.changes) {
    const std::string name = change.address.kind + "/" + change.address.name;
    const auto [found, fresh] = providers.emplace(name, change.address.provider);
    if (!fresh && found->second != change.address.provider) ambiguous_.insert(name);
    if (is_unknown(change)) orphans_.insert(change.address);
  }
}

std::string Phrasing::address(const Address& address) const {
  bool several = ambiguous_.contains(address.kind + "/" + address.name);
  // Neighbours in the map differ in the provider alone.
  const Address first = {address.site, address.kind, address.name, ""};
  for (auto next = spec.desired.lower_bound(first); !several && next != spec.desired.end();
       ++next) {
    const Address& other = next->first;
    if (other.site != address.site || other.kind != address.kind || other.name != address.name) {
      break;
    }
    several = other.provider != address.provider;
  }
  return printable(display(address, several, address.site != plan.site));
}

std::string Phrasing::addresses(const std::vector<Address>& addresses) const {
  std::string out;
  for (const Address& one : addresses) out += (out.empty() ? "" : ", ") + address(one);
  return out;
}

std::string connection_words(const BlockedConnection& connection) {
  std::string out = connection.name + ":";
  for (const ConnectionField& field : connection.fields) {
    out += fmt::format(" {} {} -> {};", field.name, value_words(field.trusted),
                       value_words(field.wanted));
  }
  return printable(out + " " + connection.text);
}

std::string Phrasing::place(const std::vector<Origin>& lines) const {
  if (lines.empty() || lines.front().line == 0) return "";
  const std::uint32_t file = lines.front().file;
  if (file >= spec.files.size()) return "";
  return fmt::format("{}:{}", printable(spec.files[file]), lines.front().line);
}

bool Phrasing::worth_saying(const Finding& finding) const {
  return finding.kind == Finding::Kind::copy ||
         (finding.kind == Finding::Kind::orphan && !orphans_.contains(finding.address));
}

std::string Phrasing::finding(const Finding& finding) const {
  std::string out = address(finding.address);
  if (!finding.native_id.empty()) out += " (" + printable(finding.native_id) + ")";
  return finding.text.empty() ? out : out + ": " + printable(finding.text);
}

std::string Phrasing::word(const std::optional<Provenance>& provenance) const {
  if (provenance && provenance->uncommitted) return "uncommitted";
  if (provenance && provenance->undone != 0) return undone_words(provenance->undone);
  if (provenance && !provenance->secret.empty()) {
    return "secret." + printable(provenance->secret) + " has a new value";
  }
  if (provenance && provenance->target)
    return address(*provenance->target) + " gives another value";
  return plan.commit.empty() ? "spec" : "git";
}

std::string Phrasing::git_words(const std::optional<Provenance>& provenance,
                                const std::vector<Origin>& lines) const {
  const std::string where = provenance ? place_words(provenance->where) : place(lines);
  std::string at = where.empty() ? "" : " " + where;  // returned: not const
  if (!provenance) return at;
  if (!provenance->secret.empty() || provenance->target || provenance->undone != 0) return "";
  if (provenance->commit.empty()) {
    if (!provenance->since.empty()) {
      return " since " + short_commit(provenance->since) + (provenance->removed ? ", removed" : at);
    }
    if (!provenance->removed) return at;
    return where.empty() ? ", removed" : ", removed from " + printable(provenance->where.file);
  }
  const std::string commit = " " + short_commit(provenance->commit);
  const std::string author = person(provenance->author);
  if (provenance->removed) return commit + " removed" + (author.empty() ? "" : ", " + author);
  return commit + at + (author.empty() ? "" : " " + author);
}

std::string Phrasing::since(const std::optional<Time>& time, const std::string& by) const {
  std::string out;
  if (time) out += " since " + moment(*time);
  if (!by.empty()) out += (time ? ", by " : " by ") + printable(by);
  return out;
}

Words Phrasing::cause(Cause cause, const std::optional<Provenance>& provenance,
                      const std::vector<Origin>& lines, const std::string& drift) const {
  switch (cause) {
    case Cause::none:
      return {};
    case Cause::git:
      return {word(provenance) + git_words(provenance, lines),
              provenance && provenance->uncommitted ? Tone::change : Tone::quiet};
    case Cause::undo:
      return {word(provenance), Tone::change};
    case Cause::drift:
      return {"drift" + drift, Tone::drift};
    case Cause::both:
      return {"both: " + word(provenance) + git_words(provenance, lines), Tone::bad};
    case Cause::first_contact:
      return {"first contact" + git_words(provenance, lines), Tone::drift};
  }
  return {};
}

Words Phrasing::cause(const FieldDiff& field) const {
  return cause(field.cause, field.provenance, field.lines, since(field.since, field.by));
}

Words Phrasing::cause(const Change& change) const {
  return cause(change.cause, change.provenance, change.lines, since(change.since, ""));
}

}  // namespace homeostat
