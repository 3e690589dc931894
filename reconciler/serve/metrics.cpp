#include "reconciler/serve/metrics.hpp"

#include <fmt/format.h>

#include <functional>

namespace homeostat {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// https://prometheus.io/docs/instrumenting/exposition_formats/: backslash, quote and line feed.
std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// One metric at a time: all of its samples stand together.
class Page {
 public:
  explicit Page(const ServiceStatus& status) : status_(status) {}

  void begin(const std::string& name, const std::string& type, const std::string& help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class Number>
  void sample(const Labels& labels, Number value, const std::string& suffix = {}) {
    std::string list;
    for (const auto& [name, label] : labels) {
      list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", name, escaped(label));
    }
    text_ += name_ + suffix + (list.empty() ? "" : "{" + list + "}") + fmt::format(" {}\n", value);
  }
  // One sample of each site that has a value.
  void gauge(const std::string& name, const std::string& help,
             const std::function<std::optional<std::int64_t>(const SiteStatus&)>& value) {
    begin(name, "gauge", help);
    for (const SiteStatus& site : status_.sites) {
      if (const auto known = value(site)) sample({{"site", site.site}}, *known);
    }
  }
  template <class Map, class Value>
  void each(const std::string& label, Map SiteStatus::*map, const Value& value) {
    for (const SiteStatus& site : status_.sites) {
      for (const auto& [key, entry] : site.*map) {
        sample({{"site", site.site}, {label, key}}, value(entry));
      }
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  const ServiceStatus& status_;
  std::string name_;
  std::string text_;
};

std::optional<std::int64_t> age(const std::optional<Time>& time, Time now) {
  if (!time) return std::nullopt;
  return (now - *time).count();
}

void write_sites(Page& page, Time now) {
  using Value = std::optional<std::int64_t>;
  page.gauge("homeostat_site_ready", "Whether the site has been looked at since the start.",
             [](const SiteStatus& site) -> Value { return site.ready ? 1 : 0; });
  page.gauge("homeostat_last_good_commit_age_seconds",
             "Time since the commit that is in force was written.", [now](const SiteStatus& site) {
               return age(site.good ? std::optional(site.good->at) : std::nullopt, now);
             });
  page.gauge("homeostat_commit_refused", "Whether a newer commit is there and cannot be followed.",
             [](const SiteStatus& site) -> Value { return site.refused ? 1 : 0; });
  page.gauge("homeostat_remote_reachable", "Whether the git remote answered when last asked.",
             [](const SiteStatus& site) -> Value { return site.remote_error.empty() ? 1 : 0; });
  page.gauge("homeostat_last_look_age_seconds", "Time since the site was last looked at.",
             [now](const SiteStatus& site) { return age(site.looked, now); });
  page.gauge("homeostat_suspended", "Whether the site is suspended by hand.",
             [](const SiteStatus& site) -> Value { return site.suspended ? 1 : 0; });
  page.gauge("homeostat_outbox_messages", "Messages that are not delivered yet.",
             [](const SiteStatus& site) -> Value { return site.outbox; });
  page.gauge("homeostat_approvals_waiting", "Plans that wait for somebody's approval.",
             [](const SiteStatus& site) -> Value { return site.approvals; });
}

void write_scopes(Page& page, const ServiceStatus& status) {
  page.begin("homeostat_scopes", "gauge", "Scopes by whether they could be observed.");
  for (const SiteStatus& site : status.sites) {
    std::size_t unknown = 0;
    for (const ScopeStatus& scope : site.scopes) unknown += scope.why.empty() ? 0 : 1;
    page.sample({{"site", site.site}, {"state", "ok"}}, site.scopes.size() - unknown);
    page.sample({{"site", site.site}, {"state", "unknown"}}, unknown);
  }
}

void write_resources(Page& page, const ServiceStatus& status) {
  page.begin("homeostat_resources", "gauge", "Declared resources by state.");
  for (const SiteStatus& site : status.sites) {
    for (const ResourceState state : resource_states()) {
      const auto found = site.resources.find(state);
      page.sample({{"site", site.site}, {"state", std::string(name_of(state))}},
                  found == site.resources.end() ? 0 : found->second);
    }
  }
}

void write_durations(Page& page, const ServiceStatus& status) {
  page.begin("homeostat_run_duration_seconds", "histogram", "How long runs took.");
  for (const SiteStatus& site : status.sites) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < Durations::bounds.size(); ++i) {
      below += site.durations.counts[i];
      page.sample({{"site", site.site}, {"le", fmt::format("{}", Durations::bounds[i])}}, below,
                  "_bucket");
    }
    page.sample({{"site", site.site}, {"le", "+Inf"}}, site.durations.count(), "_bucket");
    page.sample({{"site", site.site}}, site.durations.sum, "_sum");
    page.sample({{"site", site.site}}, site.durations.count(), "_count");
  }
}

}  // namespace

std::string metrics_text(const ServiceStatus& status, Time now) {
  Page page(status);
  page.begin("homeostat_build_info", "gauge", "Always 1; the version is a label.");
  page.sample({{"version", status.version}}, 1);
  page.begin("homeostat_start_time_seconds", "gauge",
             "When the service began, in seconds of Unix.");
  page.sample({}, status.started.time_since_epoch().count());
  page.begin("homeostat_loop_age_seconds", "gauge",
             "Time since the loop last showed that it lives.");
  page.sample({}, (now - status.moved).count());
  write_sites(page, now);
  write_scopes(page, status);
  write_resources(page, status);
  const auto itself = [](const auto& value) { return value; };
  page.begin("homeostat_incidents", "gauge", "Open incidents by kind.");
  page.each("kind", &SiteStatus::incidents, itself);
  page.begin("homeostat_runs_total", "counter", "Runs by what came of them.");
  page.each("outcome", &SiteStatus::runs, itself);
  write_durations(page, status);
  page.begin("homeostat_provider_calls_total", "counter", "Calls that providers made.");
  page.each("provider", &SiteStatus::providers, [](const CallCounts& c) { return c.calls; });
  page.begin("homeostat_provider_errors_total", "counter",
             "Tries that failed, those that reached no server included.");
  page.each("provider", &SiteStatus::providers, [](const CallCounts& c) { return c.errors; });
  return page.text();
}

}  // namespace homeostat
