#include <doctest/doctest.h>

#include "tests/reconciler/report_fixture.hpp"

namespace homeostat {
namespace {

TEST_CASE("report: drift shows what git did not cause, oldest first, from the live side") {
  Plan plan = design_plan();
  Change gone = change(Action::create, at("dns", "lab/nas/A", "dns"), Cause::drift,
                       {differs("values", nullptr, {"10.5.0.20"}, Cause::drift)});
  gone.since = november(18, 9, 5);
  plan.changes.push_back(gone);
  plan.unknown.clear();
  const std::string text = render_drift_text(plan, {}, {});
  CHECK(has(text, "drift   site home   main@3f2a91c   "));
  CHECK(has(text,
            "  ! dns/lab/nas/A        is gone, should be 10.5.0.20  drift since 18 Nov 09:05\n"
            "  ! proxy_host/jellyfin  force_https is false, should be true\n"
            "                         drift since 13:41, by ops\n"
            "\n"
            "2 differences that git did not cause, oldest since 18 Nov 09:05\n"));
  CHECK_FALSE(text.find("container/jellyfin") != std::string::npos);
}

TEST_CASE("report: no drift says how many resources were compared") {
  CHECK(has(render_drift_text(empty_plan(), {}, {}), "\nno drift: 181 resources compared\n"));
  const Plan plan = design_plan();
  Plan known = plan;
  known.changes.clear();
  CHECK(has(render_drift_text(known, {}, {}), "\nno drift: 177 resources compared, 4 unknown\n"));
}

}  // namespace
}  // namespace homeostat
