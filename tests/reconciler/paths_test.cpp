#include "reconciler/paths.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

namespace {

const KindSchema& container() { return *find_kind("container"); }

const Attributes& example() {
  static const Attributes attributes = {{"memory", "2GiB"},
                                        {"env", {{"A/B", "1"}}},
                                        {"tags", {"media", "prod"}},
                                        {"healthcheck", {{"interval", "30s"}}},
                                        {"extra", {{"pool", "fast"}}}};
  return attributes;
}

nlohmann::json at(const FieldPath& path) { return value_at(example(), path, container(), nullptr); }

}  // namespace

TEST_CASE("paths: a path names a field, a key of a map, a field of an object, a field of extra") {
  CHECK(at("memory") == "2GiB");
  CHECK(at("env/A%2FB") == "1");
  CHECK(at("healthcheck/interval") == "30s");
  CHECK(at("extra/pool") == "fast");
}

TEST_CASE("paths: a key of a keyed list is there or not") {
  CHECK(at("tags/media") == true);
  CHECK(at("tags/other").is_null());
}

TEST_CASE("paths: what is absent is null, at every depth") {
  CHECK(at("cores").is_null());
  CHECK(at("env/OTHER").is_null());
  CHECK(at("memory/deeper").is_null());
  CHECK(value_at(nullptr, "memory", container(), nullptr).is_null());
}

TEST_CASE("paths: what is written can be read, and null removes") {
  for (const FieldPath path :
       {"memory", "env/A%2FB", "env/NEW", "tags/new", "healthcheck/retries", "extra/pool"}) {
    CAPTURE(path);
    Attributes attributes = example();
    const nlohmann::json value = path == "tags/new" ? nlohmann::json(true) : nlohmann::json("x");
    set_value_at(attributes, path, value, container(), nullptr);
    CHECK(value_at(attributes, path, container(), nullptr) == value);
    set_value_at(attributes, path, nullptr, container(), nullptr);
    CHECK(value_at(attributes, path, container(), nullptr).is_null());
  }
}

TEST_CASE("paths: writing a key makes the collection, sorted and each key once") {
  Attributes attributes = Attributes::object();
  for (const char* key : {"b", "a", "b"}) {
    set_value_at(attributes, std::string("tags/") + key, true, container(), nullptr);
  }
  set_value_at(attributes, "env/A", "1", container(), nullptr);
  CHECK(attributes == Attributes({{"tags", {"a", "b"}}, {"env", {{"A", "1"}}}}));
}

TEST_CASE("paths: a JSON pointer becomes a path") {
  CHECK(path_of_pointer("/memory") == "memory");
  CHECK(path_of_pointer("/env/a~1b~0c") == "env/a%2Fb~c");
  CHECK(path_of_pointer("/values/0") == "values/0");
}

TEST_CASE("paths: a path covers itself and what lies below it, not its namesakes") {
  CHECK(covers("env", "env"));
  CHECK(covers("env", "env/FOO"));
  CHECK_FALSE(covers("env", "env_file"));
  CHECK_FALSE(covers("env/FOO", "env"));
}
