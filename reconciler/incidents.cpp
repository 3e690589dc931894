#include "reconciler/incidents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

constexpr std::array<std::pair<TroubleKind, std::string_view>, 11> kind_names{{
    {TroubleKind::drift, "drift"},
    {TroubleKind::failed, "failed"},
    {TroubleKind::stuck, "stuck"},
    {TroubleKind::unreachable, "unreachable"},
    {TroubleKind::approval, "approval"},
    {TroubleKind::secret_expiry, "secret_expiry"},
    {TroubleKind::certificate_expiry, "certificate_expiry"},
    {TroubleKind::ignore_expired, "ignore_expired"},
    {TroubleKind::notifier, "notifier"},
    {TroubleKind::commit, "commit"},
    {TroubleKind::remote, "remote"},
}};

// More at once of one kind are told in one message: a chat is not flooded when a server was reset.
constexpr std::size_t messages_at_once = 5;

class Follower {
 public:
  Follower(std::vector<Incident> known, const Sight& sight, Time now, const Damping& damping)
      : sight_(sight), now_(now), damping_(damping), incidents_(std::move(known)) {
    for (const Trouble& trouble : sight.troubles) {
      if (!is_unknown(trouble.subject)) present_.emplace(trouble.key, &trouble);
    }
  }

  Told run() {
    std::set<std::string_view> open;
    for (Incident& incident : incidents_) {
      last_id_ = std::max(last_id_, incident.id);
      if (incident.closed) continue;
      look_at(incident);
      if (!incident.closed) open.insert(incident.trouble.key);
    }
    std::vector<Incident> opened;
    for (const Trouble& trouble : sight_.troubles) {
      const auto found = present_.find(trouble.key);
      const bool counts = found != present_.end() && found->second == &trouble;
      if (counts && !open.contains(trouble.key)) opened.push_back(opening(trouble));
    }
    for (Incident& incident : opened) incidents_.push_back(std::move(incident));
    return {std::move(incidents_), std::move(events_)};
  }

 private:
  [[nodiscard]] bool is_unknown(const std::string& subject) const {
    return !subject.empty() && (sight_.unknown.contains(subject) ||
                                sight_.unknown.contains(subject.substr(0, subject.find(' '))));
  }

  void look_at(Incident& incident) {
    const auto found = present_.find(incident.trouble.key);
    const bool there = found != present_.end();
    if (!there && is_unknown(incident.trouble.subject)) return;
    if (there) {
      const Time since = std::min(incident.trouble.since, found->second->since);
      incident.trouble = *found->second;
      incident.trouble.since = since;
    }
    if (there != incident.there) {
      incident.there = there;
      incident.moved = now_;
    }
    const bool steady = now_ - incident.moved >= damping_.quiet;
    if (there) {
      if (steady) incident.flapping = false;
    } else if (steady || !incident.flapping) {
      incident.closed = now_;
      events_.push_back({Event::Kind::closed, incident, now_});
    }
  }

  Incident opening(const Trouble& trouble) {
    const auto openings = std::ranges::count_if(incidents_, [&](const Incident& other) {
      return other.trouble.key == trouble.key && other.opened >= now_ - damping_.within;
    });
    Incident incident{.id = ++last_id_, .trouble = trouble, .opened = now_, .moved = now_};
    incident.flapping = openings + 1 >= damping_.openings;
    events_.push_back(
        {incident.flapping ? Event::Kind::flapping : Event::Kind::opened, incident, now_});
    return incident;
  }

  const Sight& sight_;
  const Time now_;
  const Damping& damping_;
  std::vector<Incident> incidents_;
  std::vector<Event> events_;
  std::map<std::string_view, const Trouble*> present_;
  std::int64_t last_id_ = 0;
};

std::string_view name_of(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::opened:
      return "opened";
    case Event::Kind::flapping:
      return "flapping";
    case Event::Kind::closed:
      return "closed";
  }
  return "";
}

std::string title_of(const Event& event) {
  const std::string& title = event.incident.trouble.title;
  switch (event.kind) {
    case Event::Kind::opened:
      return title;
    case Event::Kind::flapping:
      return "flapping: " + title;
    case Event::Kind::closed:
      return "over: " + title;
  }
  return title;
}

std::string text_of(const Event& event) {
  const Trouble& trouble = event.incident.trouble;
  if (event.kind == Event::Kind::closed) {
    return fmt::format("it was open for {}, from {}\n", age_words(event.at - event.incident.opened),
                       utc_time(event.incident.opened));
  }
  std::string text = trouble.details;
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (trouble.since != Time()) {
    text += "since " + utc_time(trouble.since);
    text += trouble.by.empty() ? "\n" : ", by " + trouble.by + "\n";
  } else if (!trouble.by.empty()) {
    text += "by " + trouble.by + "\n";
  }
  if (event.kind == Event::Kind::flapping) {
    text += "it comes and goes: nothing more is told of it until it has been steady for a while\n";
  }
  return text;
}

// A ledger that begins anew counts from 1 again, so the number alone would not do.
std::string id_of(const Event& event, const std::string& site) {
  return fmt::format("{}-{}-{}-{}", site, event.incident.id,
                     event.incident.opened.time_since_epoch().count(), name_of(event.kind));
}

Message message_of(const Event& event, const std::string& site) {
  return {.id = id_of(event, site),
          .site = site,
          .kind = event.kind == Event::Kind::closed ? Message::Kind::closed : Message::Kind::opened,
          .title = title_of(event),
          .text = text_of(event),
          .at = event.at,
          .incident = std::to_string(event.incident.id)};
}

Message message_of_many(const std::vector<const Event*>& events, const std::string& site) {
  const Event& first = *events.front();
  Message message = message_of(first, site);
  message.id += fmt::format("-and-{}-more", events.size() - 1);
  message.incident.clear();
  message.title = fmt::format("{} incidents {}", events.size(), name_of(first.kind));
  if (first.kind == Event::Kind::flapping) message.title += ": they come and go";
  message.text.clear();
  for (const Event* event : events) {
    message.text += fmt::format("{}  (incident {})\n", title_of(*event), event->incident.id);
  }
  return message;
}

}  // namespace

std::string_view name_of(TroubleKind kind) {
  const auto* const found =
      std::ranges::find(kind_names, kind, [](const auto& row) { return row.first; });
  return found == kind_names.end() ? std::string_view() : found->second;
}

std::optional<TroubleKind> trouble_kind(std::string_view name) {
  const auto* const found =
      std::ranges::find(kind_names, name, [](const auto& row) { return row.second; });
  return found == kind_names.end() ? std::nullopt : std::optional(found->first);
}

Told follow_up(std::vector<Incident> known, const Sight& sight, Time now, const Damping& damping) {
  return Follower(std::move(known), sight, now, damping).run();
}

std::vector<Message> messages_of(const std::vector<Event>& events, const std::string& site) {
  std::vector<Message> messages;
  for (const auto kind : {Event::Kind::closed, Event::Kind::opened, Event::Kind::flapping}) {
    std::vector<const Event*> of_kind;
    for (const Event& event : events) {
      if (event.kind == kind) of_kind.push_back(&event);
    }
    if (of_kind.size() > messages_at_once) {
      messages.push_back(message_of_many(of_kind, site));
      continue;
    }
    for (const Event* event : of_kind) messages.push_back(message_of(*event, site));
  }
  return messages;
}

}  // namespace homeostat
