#include "providers/core/scrub.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

TEST_CASE("scrub: a secret is taken out in every form that servers repeat it in") {
  const std::string token = R"(t0ken/+="x?)";
  const Scrubber scrubber({token, ""});
  CHECK(scrubber.clean("bad token: " + token + ", " + token) == "bad token: (secret), (secret)");
  const std::string json = "{\"token\":\"t0ken/+=\\\"x?\"}";
  CHECK(scrubber.clean(json) == "{\"token\":\"(secret)\"}");
  CHECK(scrubber.clean("?t=t0ken%2F%2B%3D%22x%3F&u=1") == "?t=(secret)&u=1");
  CHECK(scrubber.clean("?t=t0ken%2f%2b%3d%22x%3f") == "?t=(secret)");
  CHECK(scrubber.clean("Bearer dDBrZW4vKz0ieD8=") == "Bearer (secret)=");
  CHECK(scrubber.clean("dDBrZW4vKz0ieD8") == "(secret)");
  CHECK(scrubber.finds("?t=t0ken%2F%2B%3D%22x%3F&u=1"));
  CHECK_FALSE(scrubber.finds("t0ken"));
  CHECK(scrubber.clean("").empty());
}

TEST_CASE("scrub: the longer secret first, and whole across a limit") {
  const Scrubber scrubber({"abc", "abcdef"});
  CHECK(scrubber.clean("abcdef abc") == "(secret) (secret)");
  CHECK(scrubber.clean("12abcdef34", 4) == "12(secret)");
  CHECK(scrubber.clean("12abcdef34", 2) == "12");
}
