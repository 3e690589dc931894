// What a plan and its spec show to be wrong, in the words that a message tells it with.
#include <fmt/format.h>

#include <algorithm>

#include "reconciler/diff.hpp"
#include "reconciler/incidents.hpp"
#include "reconciler/mode.hpp"
#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/rows.hpp"
#include "reconciler/report/words.hpp"
#include "reconciler/secrets.hpp"

namespace homeostat {
namespace {

constexpr std::int64_t expiry_days = 14;
constexpr std::size_t value_width = 60;

std::string key_of(TroubleKind kind, std::string_view what) {
  return fmt::format("{} {}", name_of(kind), what);
}

std::string full(const Address& address) { return display(address, true, false); }

// "memory is 2GiB, should be 4GiB", its values cut where they are long.
std::string words_of(const Line& line) {
  Phrase phrase = line.phrase;
  const auto cut = cut_pair(phrase.left, phrase.right, value_width);
  phrase.left = cut.first;
  phrase.right = cut.second;
  return to_string(phrase);
}

class Reader {
 public:
  Reader(const Phrasing& phrasing, const std::set<Scope>& looked)
      : plan_(phrasing.plan), spec_(phrasing.spec), looked_(looked), phrasing_(phrasing) {}

  Sight run() {
    find_unknown();
    for (const Change& change : plan_.changes) {
      if (is_drift(change)) tell_drift(change);
      if (change.hold && change.hold->code == HoldCode::stuck) tell_stuck(change);
    }
    tell_unreachable();
    tell_secrets();
    tell_ignores();
    return std::move(sight_);
  }

 private:
  void find_unknown() {
    std::set<std::string> failed;   // providers, so they were asked
    std::set<std::string> partial;  // those of which something was left out
    for (const ScopeSummary& summary : plan_.scopes) {
      if (!summary.unknown) continue;
      sight_.unknown.insert(subject_of(summary.scope));
      if (looked_.contains(summary.scope)) failed.insert(summary.scope.provider);
    }
    for (const Scope& scope : scopes_of(spec_)) {
      if (looked_.contains(scope)) continue;
      sight_.unknown.insert(subject_of(scope));
      partial.insert(scope.provider);
    }
    for (const std::string& provider : partial) {
      if (!failed.contains(provider)) sight_.unknown.insert(answer_of(provider));
    }
  }

  static std::string answer_of(const std::string& provider) {
    return fmt::format("{} answer of {}", plan_subject, provider);
  }

  [[nodiscard]] bool counts(Cause cause, const Address& address) const {
    if (cause != Cause::first_contact) return caused_outside_git(cause);
    return mode_of(spec_, address) == Mode::report;
  }

  [[nodiscard]] bool is_drift(const Change& change) const {
    if (!has_drift(change)) return false;
    const auto declared = spec_.desired.find(change.address);
    if (declared != spec_.desired.end() && declared->second.alarm_only) return false;
    if (change.action == Action::create || change.fields.empty()) {
      return counts(change.cause, change.address);
    }
    return std::ranges::any_of(
        change.fields, [&](const FieldDiff& field) { return counts(field.cause, change.address); });
  }

  void tell_drift(const Change& change) {
    const Row row = describe(change, phrasing_);
    Trouble trouble{.kind = TroubleKind::drift,
                    .key = key_of(TroubleKind::drift, full(change.address)),
                    .title = fmt::format("{}: {}", row.address, words_of(row.lines.front())),
                    .since = change.since.value_or(plan_.made),
                    .subject = subject_of(scope_of(change.address))};
    if (row.lines.size() > 1) {
      trouble.title += fmt::format(" (and {} more)", counted(row.lines.size() - 1, "difference"));
      for (const Line& line : row.lines) trouble.details += words_of(line) + "\n";
    }
    for (const std::string& note : row.notes) trouble.details += note + "\n";
    if (!row.held.empty()) trouble.details += row.held + "\n";
    std::set<std::string> people;
    for (const FieldDiff& field : change.fields) {
      if (!caused_outside_git(field.cause)) continue;
      if (field.since) trouble.since = std::min(trouble.since, *field.since);
      if (!field.by.empty()) people.insert(printable(field.by));
    }
    for (const std::string& person : people) {
      trouble.by += (trouble.by.empty() ? "" : ", ") + person;
    }
    sight_.troubles.push_back(std::move(trouble));
  }

  void tell_stuck(const Change& change) {
    std::string fields;
    for (const FieldDiff& field : change.fields) {
      fields += (fields.empty() ? " of " : ", ") + printable(field.path);
    }
    sight_.troubles.push_back(
        {.kind = TroubleKind::stuck,
         .key = key_of(TroubleKind::stuck, full(change.address)),
         .title = fmt::format("{}: the {}{} has no effect", phrasing_.address(change.address),
                              name_of(change.action), fields),
         .details = printable(change.hold->text) + "\n",
         .since = plan_.made,
         .subject = subject_of(scope_of(change.address))});
  }

  // A server that is down takes all its zones along: that is one trouble.
  void tell_unreachable() {
    std::map<std::string, std::vector<const ScopeSummary*>> unknown;
    for (const ScopeSummary& summary : plan_.scopes) {
      if (summary.unknown) unknown[summary.scope.provider].push_back(&summary);
    }
    for (const auto& [provider, scopes] : unknown) {
      Trouble trouble{.kind = TroubleKind::unreachable,
                      .key = key_of(TroubleKind::unreachable, provider),
                      .title = fmt::format("{} cannot be looked at: {}", printable(provider),
                                           printable(scopes.front()->unknown->message)),
                      .since = plan_.made,
                      .subject = answer_of(provider)};
      for (const ScopeSummary* summary : scopes) {
        trouble.details += fmt::format("{}: {}\n", printable(to_string(summary->scope)),
                                       error_words(*summary->unknown));
      }
      sight_.troubles.push_back(std::move(trouble));
    }
  }

  void tell_secrets() {
    for (const auto& [name, source] : spec_.secrets) {
      const auto left = days_left(source, plan_.made);
      if (!left || *left > expiry_days) continue;
      sight_.troubles.push_back(
          {.kind = TroubleKind::secret_expiry,
           // That it has expired is news to who knows that it would.
           .key = key_of(TroubleKind::secret_expiry, *left < 0 ? name + " expired" : name),
           .title = fmt::format("secret {} {} on {}", printable(name),
                                *left < 0 ? "has expired" : "expires", source.expires),
           .details = "renew it, and write its new `expires`\n",
           .since = plan_.made,
           .subject = plan_subject});
    }
  }

  void tell_ignores() {
    for (const auto& [address, resource] : spec_.desired) {
      for (const Ignore& ignore : resource.ignore) {
        if (!has_ended(ignore, plan_.made)) continue;
        const std::string reason = ignore.reason.empty() ? "" : " (" + ignore.reason + ")";
        sight_.troubles.push_back(
            {.kind = TroubleKind::ignore_expired,
             .key = key_of(TroubleKind::ignore_expired, full(address) + " " + ignore.field),
             .title = printable(fmt::format("{}: `ignore` of {} ended on {}{}",
                                            phrasing_.address(address), ignore.field, ignore.until,
                                            reason)),
             .details = "it is compared again: remove it, or give it a later `until`\n",
             .since = plan_.made,
             .subject = plan_subject});
      }
    }
  }

  const Plan& plan_;
  const Spec& spec_;
  const std::set<Scope>& looked_;
  const Phrasing& phrasing_;
  Sight sight_;
};

}  // namespace

std::string subject_of(const Scope& scope) {
  return fmt::format("{} in {}", plan_subject, to_string(scope));
}

std::optional<Trouble> certificate_trouble(const std::string& whose, Time until, Time now) {
  if (until - now > std::chrono::days(expiry_days)) return std::nullopt;
  const bool over = until < now;
  return Trouble{.kind = TroubleKind::certificate_expiry,
                 .key = key_of(TroubleKind::certificate_expiry, over ? whose + " expired" : whose),
                 .title = fmt::format("the certificate of {} {} on {}", printable(whose),
                                      over ? "has expired" : "expires", utc_time(until)),
                 .details = "",
                 .since = now};
}

Sight troubles_of(const Plan& plan, const Spec& spec, const std::set<Scope>& looked) {
  const TextStyle style;
  const Phrasing phrasing(plan, spec, style, Voice::drift);
  return Reader(phrasing, looked).run();
}

}  // namespace homeostat
