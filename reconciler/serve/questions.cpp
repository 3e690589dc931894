#include "reconciler/serve/questions.hpp"

#include <algorithm>
#include <set>

#include "specs/text.hpp"

namespace homeostat {
namespace {

constexpr std::size_t most_runs = 1000;

tl::unexpected<ServeReply> wrong(const std::string& error, const std::string& hint) {
  return tl::unexpected(error_reply(400, error, hint));
}

std::string listed(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// The parameters of a request: each is known, and those that cannot be repeated are not.
class Parameters {
 public:
  static Understood<Parameters> of(const ServeRequest& request, const std::set<std::string>& known,
                                   const std::set<std::string>& repeatable = {}) {
    for (const auto& [name, value] : request.query) {
      if (!known.contains(name) && !repeatable.contains(name)) {
        std::set<std::string> all = known;
        all.insert(repeatable.begin(), repeatable.end());
        return wrong("unknown parameter " + in_ticks(name),
                     all.empty() ? "there is none here" : "known are " + listed(all));
      }
      if (!repeatable.contains(name) && request.query.count(name) > 1) {
        return wrong("parameter `" + name + "` is there twice", "say it once");
      }
    }
    return Parameters(request);
  }

  [[nodiscard]] std::string text(const std::string& name) const {
    const auto found = request_.query.find(name);
    return found == request_.query.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::vector<std::string> texts(const std::string& name) const {
    std::vector<std::string> all;
    const auto [begin, end] = request_.query.equal_range(name);
    for (auto one = begin; one != end; ++one) all.push_back(one->second);
    return all;
  }
  [[nodiscard]] Understood<bool> flag(const std::string& name) const {
    const std::string value = text(name);
    if (value.empty() || value == "false") return false;
    if (value == "true") return true;
    return wrong("`" + name + "` is no " + in_ticks(value), "write true or false");
  }
  [[nodiscard]] Understood<int> number(const std::string& name, int otherwise, int least,
                                       int most) const {
    const std::string value = text(name);
    if (value.empty()) return otherwise;
    const bool negative = value.front() == '-';
    const auto digits = parse_digits(std::string_view(value).substr(negative ? 1 : 0));
    const std::int64_t size = digits && *digits <= 1'000'000'000
                                  ? static_cast<std::int64_t>(*digits)
                                  : std::int64_t{1'000'000'001};
    const std::int64_t number = negative ? -size : size;
    if (!digits || number < least || number > most) {
      return wrong("`" + name + "` is no " + in_ticks(value),
                   "write a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return static_cast<int>(number);
  }
  [[nodiscard]] Understood<std::string> site(const ServiceStatus& status) const {
    const std::string site = text("site");
    if (site.empty() || status.find(site) != nullptr) return site;
    return tl::unexpected(error_reply(404, "no site " + in_ticks(site), here(status)));
  }
  [[nodiscard]] static std::string here(const ServiceStatus& status) {
    std::set<std::string> names;
    for (const SiteStatus& one : status.sites) names.insert(one.site);
    return names.empty() ? "this service follows none" : "here are " + listed(names);
  }

 private:
  explicit Parameters(const ServeRequest& request) : request_(request) {}
  const ServeRequest& request_;  // lives for one request
};

Understood<PlanFormat> format_of(const std::string& text) {
  if (text.empty() || text == "json") return PlanFormat::json;
  if (text == "text") return PlanFormat::text;
  if (text == "markdown") return PlanFormat::markdown;
  return wrong("`format` is no " + in_ticks(text), "write json, text or markdown");
}

}  // namespace

Understood<PlanQuery> plan_query(const ServeRequest& request, const ServiceStatus& status) {
  TRY_ASSIGN(
      const Parameters given,
      Parameters::of(request, {"site", "rev", "format", "color", "width", "utc_offset", "verbose"},
                     {"only", "exclude"}));
  PlanQuery query;
  TRY_ASSIGN(query.site, given.site(status));
  if (query.site.empty()) {
    if (status.sites.size() != 1) return wrong("which site?", Parameters::here(status));
    query.site = status.sites.front().site;
  }
  query.rev = given.text("rev");
  TRY_ASSIGN(query.format, format_of(given.text("format")));
  TRY_ASSIGN(query.style.color, given.flag("color"));
  TRY_ASSIGN(query.style.verbose, given.flag("verbose"));
  TRY_ASSIGN(query.style.width, given.number("width", 80, 20, 1000));
  TRY_ASSIGN(query.style.utc_offset_minutes, given.number("utc_offset", 0, -1440, 1440));
  query.options.only = given.texts("only");
  query.options.exclude = given.texts("exclude");
  return query;
}

Understood<RowsQuery> rows_query(const ServeRequest& request, const ServiceStatus& status) {
  TRY_ASSIGN(const Parameters given, Parameters::of(request, {"site"}));
  RowsQuery query;
  TRY_ASSIGN(query.site, given.site(status));
  return query;
}

Understood<IncidentsQuery> incidents_query(const ServeRequest& request,
                                           const ServiceStatus& status) {
  TRY_ASSIGN(const Parameters given, Parameters::of(request, {"site", "closed"}));
  IncidentsQuery query;
  TRY_ASSIGN(query.site, given.site(status));
  TRY_ASSIGN(query.closed, given.flag("closed"));
  return query;
}

Understood<RunsQuery> runs_query(const ServeRequest& request, const ServiceStatus& status) {
  TRY_ASSIGN(const Parameters given, Parameters::of(request, {"site", "address", "limit"}));
  RunsQuery query;
  TRY_ASSIGN(query.site, given.site(status));
  query.address = given.text("address");
  TRY_ASSIGN(const int limit, given.number("limit", 100, 1, most_runs));
  query.limit = static_cast<std::size_t>(limit);
  return query;
}

Understood<bool> no_query(const ServeRequest& request) {
  TRY(Parameters::of(request, {}));
  return true;
}

}  // namespace homeostat
