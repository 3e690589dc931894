#include "providers/powerdns/steps.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::powerdns;
using Json = nlohmann::json;

namespace {

struct Made {
  Json change;
  std::string error;
  ErrorKind kind = ErrorKind::internal;
  Attributes now;
};

struct Names {
  const ZonePlace lab{"home", "dns", "lab", "lab.example.org"};
  const Address www{"home", "dns", "lab/www/A", "dns"};
  const std::string www_id = "www.lab.example.org/A";
  const Marker ours{"home", "home:dns/lab/www/A@dns", www_id, false};
  const Marker nobodys = {};
  const Comment our_mark{"site=home id=www.lab.example.org/A address=home:dns/lab/www/A@dns",
                         "homeostat", 11};
  const Comment bens{"ask Ben first", "ben", 7};

  static RecordSet there(const std::vector<std::string>& values,
                         const std::vector<Comment>& comments) {
    RecordSet set{"www.lab.example.org", "A", 300, {}, comments, 0};
    for (const std::string& value : values) set.records.push_back({value, false});
    return set;
  }

  Made make(StepKind kind, const RecordSet* current, const Attributes& before,
            const Attributes& after) const {
    return make(kind, current, before, after, ours);
  }
  Made make(StepKind kind, const RecordSet* current, const Attributes& before,
            const Attributes& after, const Marker& marker, bool comments = true) const {
    const std::string id = kind == StepKind::create ? std::string() : www_id;
    const auto entry = make_entry({kind, www, id, before, after, marker}, current, lab, comments);
    if (!entry) return {nullptr, entry.error().message, entry.error().kind, nullptr};
    CHECK(entry->result.native_id == www_id);
    return {entry->change, "", ErrorKind::internal, entry->result.attributes};
  }

  const Attributes one_value = {{"values", {"10.5.0.1"}}, {"ttl", "5m"}};
  const Attributes other_value = {{"values", {"10.5.0.2"}}};
};

}  // namespace

TEST_CASE_FIXTURE(Names, "powerdns steps: a create sends records, ttl and the marker") {
  const Made made = make(StepKind::create, nullptr, nullptr, one_value);
  CHECK(made.change ==
        Json{{"name", "www.lab.example.org."},
             {"type", "A"},
             {"changetype", "REPLACE"},
             {"ttl", 300},
             {"records", {{{"content", "10.5.0.1"}, {"disabled", false}}}},
             {"comments", {{{"content", our_mark.content}, {"account", "homeostat"}}}}});
  CHECK(make(StepKind::create, nullptr, nullptr, {{"values", {"10.5.0.1"}}}).change["ttl"] == 3600);
}

TEST_CASE_FIXTURE(Names, "powerdns steps: a create that has happened already writes nothing") {
  const RecordSet set = there({"10.5.0.1"}, {our_mark});
  const Made again = make(StepKind::create, &set, nullptr, one_value);
  CHECK(again.error.empty());
  CHECK(again.change.is_null());
  CHECK(again.now == one_value);
}

TEST_CASE_FIXTURE(Names, "powerdns steps: what somebody else made meanwhile is a conflict") {
  const RecordSet unmarked = there({"10.5.0.1"}, {});
  CHECK(make(StepKind::create, &unmarked, nullptr, one_value).kind == ErrorKind::conflict);
  const RecordSet other = there({"10.5.0.9"}, {our_mark});
  CHECK(make(StepKind::create, &other, nullptr, one_value).kind == ErrorKind::conflict);
  // Where no marker can be kept, the value alone has to do.
  CHECK(make(StepKind::create, &unmarked, nullptr, one_value, ours, false).error.empty());
}

TEST_CASE_FIXTURE(Names,
                  "powerdns steps: an update keeps what it does not name, and comments of others") {
  const RecordSet set = there({"10.5.0.1"}, {bens, our_mark});
  const Made made = make(StepKind::update, &set, one_value, other_value);
  CHECK(made.change["records"] == Json{{{"content", "10.5.0.2"}, {"disabled", false}}});
  CHECK(made.change["ttl"] == 300);
  // The marker is there already: comments are not sent, so that nobody's can be lost.
  CHECK_FALSE(made.change.contains("comments"));
  CHECK(made.now == Json{{"values", {"10.5.0.2"}}, {"ttl", "5m"}});

  const RecordSet unmarked = there({"10.5.0.1"}, {bens});
  CHECK(make(StepKind::update, &unmarked, one_value, other_value).change["comments"] ==
        Json{{{"content", "ask Ben first"}, {"account", "ben"}, {"modified_at", 7}},
             {{"content", our_mark.content}, {"account", "homeostat"}}});
}

TEST_CASE_FIXTURE(Names, "powerdns steps: an update of what moved since the look is a conflict") {
  const RecordSet moved = there({"10.5.0.9"}, {our_mark});
  const Made made = make(StepKind::update, &moved, one_value, other_value);
  CHECK(made.kind == ErrorKind::conflict);
  CHECK(made.error == "www.lab.example.org./A got another `values` since it was looked at");
  CHECK(make(StepKind::update, nullptr, one_value, other_value).error ==
        "www.lab.example.org./A was removed since it was looked at");
  RecordSet off = there({"10.5.0.1", "10.5.0.7"}, {our_mark});
  off.records[1].disabled = true;
  CHECK(make(StepKind::update, &off, one_value, other_value).kind == ErrorKind::conflict);
  const RecordSet theirs = there(
      {"10.5.0.1"},
      {{"site=office id=www.lab.example.org/A address=office:dns/l/www/A@d", "homeostat", 1}});
  CHECK(make(StepKind::update, &theirs, one_value, other_value).error ==
        "www.lab.example.org./A came to be of site office since it was looked at");
}

TEST_CASE_FIXTURE(Names, "powerdns steps: an update that has happened already writes nothing") {
  const RecordSet set = there({"10.5.0.2"}, {our_mark});
  const Made made = make(StepKind::update, &set, one_value, other_value);
  CHECK(made.error.empty());
  CHECK(made.change.is_null());
}

TEST_CASE_FIXTURE(Names, "powerdns steps: a mark writes comments alone, and takes off ours alone") {
  const RecordSet set = there({"10.5.0.1"}, {bens});
  const Made marked = make(StepKind::mark, &set, one_value, nullptr);
  CHECK_FALSE(marked.change.contains("records"));
  CHECK_FALSE(marked.change.contains("ttl"));
  CHECK(marked.change["comments"].size() == 2);
  const RecordSet owned = there({"10.5.0.1"}, {bens, our_mark, {"the web", "homeostat", 3}});
  const Made freed = make(StepKind::mark, &owned, one_value, nullptr, nobodys);
  CHECK(freed.change["comments"] ==
        Json{{{"content", "ask Ben first"}, {"account", "ben"}, {"modified_at", 7}},
             {{"content", "the web"}, {"account", "homeostat"}}});
  CHECK(make(StepKind::mark, nullptr, one_value, nullptr, nobodys).error.empty());
}

TEST_CASE_FIXTURE(Names, "powerdns steps: a remove is a DELETE of what the plan has seen, once") {
  const RecordSet set = there({"10.5.0.1"}, {our_mark});
  CHECK(make(StepKind::remove, &set, one_value, nullptr).change ==
        Json{{"name", "www.lab.example.org."}, {"type", "A"}, {"changetype", "DELETE"}});
  CHECK(make(StepKind::remove, nullptr, one_value, nullptr).change.is_null());
  CHECK(make(StepKind::remove, &set, {{"values", {"10.5.0.7"}}, {"ttl", "5m"}}, nullptr).error ==
        "www.lab.example.org./A was changed since it was looked at");
}

TEST_CASE_FIXTURE(
    Names, "powerdns steps: a description is a comment of ours; without comments it is refused") {
  const Attributes described = {
      {"values", {"10.5.0.1"}}, {"ttl", "5m"}, {"description", "moved in May"}};
  const Made made = make(StepKind::create, nullptr, nullptr, described);
  CHECK(made.change["comments"][1] == Json{{"content", "moved in May"}, {"account", "homeostat"}});
  const Made refused = make(StepKind::create, nullptr, nullptr, described, ours, false);
  CHECK(refused.kind == ErrorKind::invalid_spec);
  CHECK(refused.error.find("no comments") != std::string::npos);
  const RecordSet set = there({"10.5.0.1"}, {our_mark, {"moved in May", "homeostat", 3}});
  const Made gone = make(StepKind::update, &set, described, {{"description", nullptr}});
  CHECK(gone.change["comments"].size() == 1);
  CHECK_FALSE(gone.change.contains("records"));
}

TEST_CASE_FIXTURE(Names, "powerdns steps: without comments nothing is said of them") {
  const Made made = make(StepKind::create, nullptr, nullptr, one_value, ours, false);
  CHECK_FALSE(made.change.contains("comments"));
  const RecordSet set = there({"10.5.0.1"}, {});
  CHECK(make(StepKind::mark, &set, one_value, nullptr, ours, false).change.is_null());
}

TEST_CASE_FIXTURE(Names,
                  "powerdns steps: a record set is found by its id, a new one by its address") {
  const Attributes none;
  const Address apex{"home", "dns", "lab/%40/MX", "dns"};
  const std::string no_id;
  CHECK(set_of({StepKind::create, apex, no_id, none, none, ours}, lab).value() ==
        SetName{"lab.example.org", "MX"});
  const std::string id = "*.apps.lab.example.org/A";
  CHECK(set_of({StepKind::update, www, id, none, none, ours}, lab).value() ==
        SetName{"*.apps.lab.example.org", "A"});
  const Address host{"home", "proxy_host", "www", "dns"};
  CHECK_FALSE(set_of({StepKind::create, host, no_id, none, none, ours}, lab));
}
