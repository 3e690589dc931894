// `notifiers:`, `notify:` and `reports:`.
#include <doctest/doctest.h>

#include "specs/config.hpp"
#include "tests/support/spec.hpp"

using namespace homeostat;
using Names = std::vector<std::string>;

namespace {

const std::string phone =
    "secrets: { tg: { env: TG } }\n"
    "notifiers: { phone: { type: telegram, token: \"${secret.tg}\", chat: -1001 } }\n";

std::string said(const std::string& text) {
  const auto spec = load_text(text);
  std::string out;
  if (spec) return out;
  for (const Error& error : spec.error()) out += to_string(error) + "\n";
  return out;
}

}  // namespace

TEST_CASE("notifiers: an entry has a type and the settings of that type") {
  const Spec spec = loaded(phone);
  const NotifierConfig& config = spec.notifiers.at("phone");
  CHECK(config.type == "telegram");
  CHECK(config.settings == Attributes{{"token", "${secret.tg}"}, {"chat", "-1001"}});
  REQUIRE(config.open.size() == 1);
  CHECK(config.open.front().pointer == "/token");
  CHECK(config.open.front().parts.front().text == "tg");
  CHECK(config.where.line == 2);
  CHECK(config.origins.size() == 3);
  // Its secret is used, and nothing else is said.
  CHECK(spec.warnings.empty());
}

TEST_CASE("notifiers: a setting may refer to a resource") {
  const Spec spec = loaded(
      "containers: { ntfy: { vmid: 130, ip: 10.5.0.130 } }\n"
      "notifiers: { n: { type: ntfy, url: \"http://${container.ntfy.ip}\", topic: "
      "\"${provider.npm.address}\" } }\n");
  const NotifierConfig& config = spec.notifiers.at("n");
  REQUIRE(config.open.size() == 1);
  CHECK(config.open.front().parts.back().target.provider == "pve");
  // What is known when the spec is read is filled in.
  CHECK(config.settings["topic"] == "10.5.0.6");
}

TEST_CASE("notifiers: what is wrong in one says what to write") {
  CHECK(said("notifiers:\n  a: { type: telegrm, chat: 1 }\n  b: { chat: 1 }\n  c: telegram\n") ==
        "spec.yaml:2:14: there is no notifier type `telegrm` (did you mean `telegram`?)\n"
        "spec.yaml:3:3: notifier `b` has no `type` (add `type:`; there is: `exec`, `ntfy`, "
        "`telegram`, `webhook`)\n"
        "spec.yaml:4:6: notifier `c` is not a mapping with its `type` and settings (write { type: "
        "TYPE, ... })\n");
  CHECK(said("notifiers: { a: { type: ntfy, url: \"https://ntfy.sh\", topik: x } }\n") ==
        "spec.yaml:1:55: `topik` is not a field of `ntfy notifier` (did you mean `topic`?)\n");
  CHECK(said("notifiers: { a: { type: telegram, token: \"${secret.no}\", chat: 1 } }\n") ==
        "spec.yaml:1:42: `${secret.no}`: there is no secret `no` (there is: `dns`, `pub`, "
        "`pve`)\n");
}

TEST_CASE("notifiers: a secret that stands in the spec is refused, and not shown again") {
  CHECK(
      errors_in("notifiers:\n  a: { type: telegram, chat: 1,\n       token: \"12:hunter2\" }\n") ==
      "spec.yaml:3:1: `token` is a secret, and its value stands here\n"
      "  (not shown)\n  ^\n"
      "  hint: say in `secrets` where it comes from, and write `${secret.NAME}`\n");
  const std::string headers =
      "secrets: { k: { env: K } }\nnotifiers:\n  a:\n    type: webhook\n    url: "
      "\"https://x.example\"\n    headers: { A: \"${secret.k}\", B: ";
  CHECK(said(headers + "\"Bearer ${secret.k}\" }\n").empty());
  CHECK(said(headers + "hunter2 }\n").find("`headers` is a secret") != std::string::npos);
  CHECK(said(headers + "hunter2 }\n").find("hunter2") == std::string::npos);
}

TEST_CASE("notify: who is told of incidents; without it, everybody") {
  const std::string two =
      "notifiers: { b: { type: exec, command: [b] }, a: { type: exec, "
      "command: [a] } }\n";
  CHECK(loaded(two).notify == Names{"a", "b"});
  CHECK(loaded(two + "notify: [b, a, b]\n").notify == Names{"b", "a"});
  CHECK(loaded(two + "notify: b\n").notify == Names{"b"});
  CHECK(loaded(two + "notify: []\n").notify.empty());
  CHECK(loaded("x-nothing: 1\n").notify.empty());
  CHECK(said(two + "notify: [c]\n") ==
        "spec.yaml:2:10: `notify` names `c`, which is no notifier (there is: `a`, `b`)\n");
  CHECK(said("notify: [phone]\n") ==
        "spec.yaml:1:10: `notify` names `phone`, which is no notifier (declare it under "
        "`notifiers:`)\n");
  CHECK(said(two + "notify: { type: exec }\n") ==
        "spec.yaml:2:9: `notify` is a list of names (write `notify: [phone]`; what they are "
        "stands under `notifiers:`)\n");
  CHECK(errors_in(Texts{{"homeostat.yaml", homelab() + two + "notify: [a]\n"},
                        {"more.yaml", "notify: [b]\n"}})
            .find("more.yaml:1:1: `notify` ") == 0);
}

TEST_CASE("reports: when, to whom, about what") {
  const Spec spec = loaded(phone +
                           "reports:\n"
                           "  - cron: 0  7 * * mon\n"
                           "    timezone: Europe/Copenhagen\n"
                           "    to: phone\n"
                           "    include: [unmanaged, history]\n"
                           "  - { cron: \"0 8 1 * *\", timezone: UTC }\n");
  REQUIRE(spec.reports.size() == 2);
  const ScheduledReport& first = spec.reports.front();
  CHECK(first.text == "0 7 * * mon");
  CHECK(first.cron == parse_cron("0 7 * * 1").value());
  CHECK(first.timezone == "Europe/Copenhagen");
  CHECK(first.to == Names{"phone"});
  CHECK(first.include == std::set<ReportPart>{ReportPart::unmanaged, ReportPart::history});
  CHECK(first.where.line == 4);
  const ScheduledReport& second = spec.reports.back();
  CHECK(second.to == Names{"phone"});
  CHECK(second.include ==
        std::set<ReportPart>{ReportPart::drift, ReportPart::unmanaged, ReportPart::incidents});
}

TEST_CASE("reports: those of all files count") {
  const Spec spec = loaded(
      Texts{{"homeostat.yaml", homelab() + phone.substr(phone.find('\n') + 1) +
                                   "reports: { cron: \"0 7 * * *\", timezone: UTC }\nx-more: 1\n"},
            {"more.yaml",
             "secrets: { tg: { env: TG } }\nreports: [{ cron: \"0 8 * * *\", timezone: UTC "
             "}]\n"}});
  CHECK(spec.reports.size() == 2);
}

TEST_CASE("reports: a cron text is pointed into where it is wrong") {
  CHECK(errors_in(phone + "reports:\n  - { cron: \"0 25 * * 1\", timezone: UTC, to: [phone] }\n") ==
        "spec.yaml:4:16: `cron`: `25` is not an hour\n"
        "    - { cron: \"0 25 * * 1\", timezone: UTC, to: [phone] }\n"
        "                 ^\n"
        "  hint: `*`, or numbers from 0 to 23\n");
  CHECK(errors_in(phone + "reports:\n  - cron: 0 7 * * montag\n    timezone: UTC\n") ==
        "spec.yaml:4:19: `cron`: `montag` is not a day of the week\n"
        "    - cron: 0 7 * * montag\n"
        "                    ^\n"
        "  hint: `*`, or numbers from 0 to 7 (0 and 7 are Sunday), or mon to sun\n");
}

TEST_CASE("reports: a cron text that YAML takes apart is told to stand in quotes") {
  const std::string message = "a value that starts with `*` must be quoted (write ";
  const auto flow = [](const std::string& cron) {
    return said(phone + "reports: [{ cron: " + cron + ", timezone: UTC }]\n");
  };
  CHECK(flow("*/15 * * * *") == "spec.yaml:3:19: " + message + "\"*/15 * * * *\")\n");
  CHECK(flow("* * * * *") == "spec.yaml:3:19: " + message + "\"* * * * *\")\n");
  CHECK(said(phone + "reports:\n  - cron: */15 * * * *  # often\n    timezone: UTC\n") ==
        "spec.yaml:4:11: " + message + "\"*/15 * * * *\")\n");
  CHECK(flow("0 7 1,15 * *").find("write all of it in quotes: `cron: \"0 7 * * 1\"`") !=
        std::string::npos);
}

TEST_CASE("reports: one that goes to nobody or tells nothing is an error") {
  CHECK(said("reports: [{ cron: \"0 7 * * 1\", timezone: UTC }]\n") ==
        "spec.yaml:1:11: the report goes to nobody (declare who is told under `notifiers:`, and "
        "write `to: [NAME]`)\n");
  CHECK(said(phone + "reports: [{ cron: \"0 7 * * 1\", timezone: UTC, to: [] }]\n") ==
        "spec.yaml:3:51: the report goes to nobody (write `to: [phone]`)\n");
  CHECK(said(phone + "reports: [{ cron: \"0 7 * * 1\", timezone: UTC, to: [fone] }]\n") ==
        "spec.yaml:3:52: `to` names `fone`, which is no notifier (did you mean `phone`?)\n");
  CHECK(said(phone + "reports: [{ cron: \"0 7 * * 1\", timezone: UTC, include: [] }]\n") ==
        "spec.yaml:3:56: the report is about nothing (name some of drift, unmanaged, incidents, "
        "history, or remove the line)\n");
  CHECK(said(phone + "reports: [{ cron: \"0 7 * * 1\", timezone: Berlin, include: drfit }]\n") ==
        "spec.yaml:3:42: `timezone`: `Berlin` is not the name of a time zone (write the area and "
        "the city, such as Europe/Copenhagen, or UTC: then summer time is known)\n"
        "spec.yaml:3:59: `include`: `drfit` is not one of drift, unmanaged, incidents, history "
        "(did you mean `drift`?)\n");
  CHECK(said(phone + "reports: [phone]\n") ==
        "spec.yaml:3:11: a report is a mapping (write { cron: \"0 7 * * 1\", timezone: "
        "Europe/Copenhagen, to: [NOTIFIER] })\n");
  CHECK(said(phone + "reports: [{ to: phone }]\n") ==
        "spec.yaml:3:11: `cron` is missing in `report` (write `cron: \"0 7 * * 1\"`)\n"
        "spec.yaml:3:11: `timezone` is missing in `report` (write `timezone: "
        "Europe/Copenhagen`)\n");
}
