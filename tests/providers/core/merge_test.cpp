#include "providers/core/merge.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using Json = nlohmann::json;

namespace {

const KindSchema& container() { return *find_kind("container"); }

Json merged(const Json& current, const Json& after) {
  return merge_after(container(), nullptr, current, after);
}

FieldPath moved(const Json& current, const Json& before, const Json& after) {
  return moved_field(container(), nullptr, current, before, after);
}

}  // namespace

TEST_CASE("merge: fields are replaced, left alone, or taken away by null") {
  CHECK(merged({{"memory", "1GiB"}, {"cores", 2}, {"swap", "1GiB"}},
               {{"memory", "2GiB"}, {"swap", nullptr}, {"user", nullptr}}) ==
        Json{{"memory", "2GiB"}, {"cores", 2}});
  CHECK(merged(nullptr, {{"cores", 1}}) == Json{{"cores", 1}});
  CHECK(merged({{"cores", 1}}, nullptr) == Json{{"cores", 1}});
}

TEST_CASE("merge: of a keyed map only the named keys change") {
  CHECK(merged({{"env", {{"A", "1"}, {"B", "2"}}}}, {{"env", {{"A", nullptr}, {"C", "3"}}}}) ==
        Json{{"env", {{"B", "2"}, {"C", "3"}}}});
  CHECK(merged({{"env", {{"A", "1"}}}}, {{"env", {{"A", nullptr}}}}) == Json::object());
}

TEST_CASE("merge: a keyed list takes an object of keys, or a whole list") {
  CHECK(merged({{"tags", {"b", "a"}}}, {{"tags", {{"a", nullptr}, {"b", true}, {"c", true}}}}) ==
        Json{{"tags", {"b", "c"}}});
  CHECK(merged(Json::object(), {{"tags", {{"x", true}}}}) == Json{{"tags", {"x"}}});
  CHECK(merged({{"tags", {"a"}}}, {{"tags", {{"a", nullptr}}}}) == Json::object());
  CHECK(merged({{"tags", {"a"}}}, {{"tags", {"z"}}}) == Json{{"tags", {"z"}}});
}

TEST_CASE("merge: an object is changed field by field, a whole list as one") {
  CHECK(merged({{"healthcheck", {{"interval", "30s"}, {"retries", 3}}}},
               {{"healthcheck", {{"interval", "1m"}}}}) ==
        Json{{"healthcheck", {{"interval", "1m"}, {"retries", 3}}}});
  CHECK(merged({{"command", {"a", "b"}}}, {{"command", {"c"}}}) == Json{{"command", {"c"}}});
}

TEST_CASE("merge: the provider's own fields are found below extra") {
  ProviderKindSchema own;
  FieldSchema features;
  features.name = "features";
  features.type = Type::map;
  features.keyed = true;
  features.fields = {FieldSchema{}};
  own.extra = {features};
  const Json current = {{"extra", {{"features", {{"nesting", "1"}, {"fuse", "1"}}}}}};
  const Json after = {{"extra", {{"features", {{"fuse", nullptr}}}}}};
  CHECK(merge_after(container(), &own, current, after) ==
        Json{{"extra", {{"features", {{"nesting", "1"}}}}}});
}

TEST_CASE("merge: a field that somebody else changed meanwhile is named") {
  const Json before = {{"memory", "1GiB"}, {"env", {{"A", "1"}}}, {"tags", {"a"}}};
  CHECK(moved(before, before, {{"memory", "2GiB"}, {"env", {{"A", "2"}}}}).empty());
  CHECK(moved({{"memory", "3GiB"}}, before, {{"memory", "2GiB"}}) == "memory");
  CHECK(moved({{"env", {{"A", "9"}}}}, before, {{"env", {{"A", "2"}}}}) == "env/A");
  CHECK(moved(Json::object(), before, {{"env", {{"A", "2"}}}}) == "env/A");
  CHECK(moved({{"tags", Json::array()}}, before, {{"tags", {{"a", true}}}}) == "tags/a");
}

TEST_CASE("merge: what is already as it shall be has not moved, nor what is not written") {
  const Json before = {{"memory", "1GiB"}, {"tags", {"a"}}};
  CHECK(moved({{"memory", "2GiB"}}, before, {{"memory", "2GiB"}}).empty());
  CHECK(moved({{"cores", 9}, {"memory", "1GiB"}}, before, {{"memory", "2GiB"}}).empty());
  CHECK(moved({{"tags", {"a", "hand"}}}, before, {{"tags", {{"b", true}}}}).empty());
  CHECK(moved(Json::object(), before, {{"memory", nullptr}}).empty());
}
