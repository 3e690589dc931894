#include "reconciler/serve/metrics.hpp"

#include <doctest/doctest.h>

#include "tests/reconciler/serve/serve_lab.hpp"
#include "tests/support/process.hpp"

namespace homeostat {
namespace {

Time noon() { return Time(std::chrono::seconds(1'767'225'600 + 130)); }

// Debian: prometheus. "" where it finds nothing to say.
std::string promtool(const std::string& text) {
  const auto said =
      test::run_process({.command = {"/usr/bin/promtool", "check", "metrics"}, .input = text});
  return said.exit_code == 0 ? said.out + said.err : "refused: " + said.out + said.err;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("metrics: promtool finds nothing to say about them") {
  CHECK(promtool(metrics_text(test::busy_status(), noon())).empty());
  CHECK(promtool(metrics_text({}, noon())).empty());
  CHECK_FALSE(promtool("homeostat_runs 1 2 3\n").empty());
}

TEST_CASE(
    "metrics: runs, durations, resources, incidents, calls, errors, queue, age of the commit") {
  const std::string text = metrics_text(test::busy_status(), noon());
  CAPTURE(text);
  for (const char* line : {"homeostat_build_info{version=\"0.1.0\"} 1",
                           "homeostat_loop_age_seconds 30",
                           "homeostat_start_time_seconds 1767225600",
                           "homeostat_site_ready{site=\"home\"} 1",
                           "homeostat_site_ready{site=\"office\"} 0",
                           "homeostat_last_good_commit_age_seconds{site=\"home\"} 130",
                           "homeostat_commit_refused{site=\"home\"} 1",
                           "homeostat_remote_reachable{site=\"home\"} 0",
                           "homeostat_remote_reachable{site=\"office\"} 1",
                           "homeostat_last_look_age_seconds{site=\"home\"} 30",
                           "homeostat_suspended{site=\"home\"} 1",
                           "homeostat_outbox_messages{site=\"home\"} 3",
                           "homeostat_approvals_waiting{site=\"home\"} 1",
                           "homeostat_scopes{site=\"home\",state=\"unknown\"} 1",
                           "homeostat_resources{site=\"home\",state=\"in_sync\"} 55",
                           "homeostat_resources{site=\"home\",state=\"drift\"} 2",
                           "homeostat_resources{site=\"home\",state=\"stuck\"} 0",
                           "homeostat_incidents{site=\"home\",kind=\"unreachable\"} 1",
                           "homeostat_runs_total{site=\"home\",outcome=\"failed\"} 2",
                           "homeostat_run_duration_seconds_bucket{site=\"home\",le=\"0.1\"} 0",
                           "homeostat_run_duration_seconds_bucket{site=\"home\",le=\"0.5\"} 1",
                           "homeostat_run_duration_seconds_bucket{site=\"home\",le=\"1800\"} 1",
                           "homeostat_run_duration_seconds_bucket{site=\"home\",le=\"+Inf\"} 2",
                           "homeostat_run_duration_seconds_sum{site=\"home\"} 4000.3",
                           "homeostat_run_duration_seconds_count{site=\"home\"} 2",
                           "homeostat_provider_calls_total{site=\"home\",provider=\"pve\"} 120",
                           "homeostat_provider_errors_total{site=\"home\",provider=\"pve\"} 3"}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
  CHECK_MESSAGE(
      text.find("homeostat_last_good_commit_age_seconds{site=\"office\"") == std::string::npos,
      "there is no commit yet");
}

TEST_CASE("metrics: a label may hold anything") {
  ServiceStatus status;
  status.sites.emplace_back();
  status.sites[0].site = "a\"b\\c\nd";
  const std::string text = metrics_text(status, noon());
  CHECK(has_line(text, R"(homeostat_outbox_messages{site="a\"b\\c\nd"} 0)"));
  CHECK(promtool(text).empty());
}

TEST_CASE("metrics: a duration on a bound is below it") {
  Durations durations;
  durations.add(0.1);
  durations.add(0.5);
  CHECK(durations.counts[0] == 1);
  CHECK(durations.counts[1] == 1);
}

}  // namespace
}  // namespace homeostat
