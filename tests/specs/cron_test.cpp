#include "specs/cron.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/cases.hpp"

using namespace homeostat;

namespace {

// "column: message: hint", as one line for comparing.
std::string why(std::string_view text) {
  const Result<Cron> cron = parse_cron(text);
  if (cron) return "no error";
  const Error& error = cron.error();
  return std::to_string(error.where.column) + ": " + error.message + ": " + error.hint;
}

template <std::size_t N>
std::string numbers(const std::bitset<N>& set) {
  std::string text;
  for (std::size_t i = 0; i < N; ++i) {
    if (set[i]) text += (text.empty() ? "" : " ") + std::to_string(i);
  }
  return text;
}

}  // namespace

TEST_CASE("cron: a field is a star, numbers, ranges, lists and steps") {
  const Cron cron = parse_cron("*/15 8-18/4,22 1,15 * 1-5").value();
  CHECK(numbers(cron.minute) == "0 15 30 45");
  CHECK(numbers(cron.hour) == "8 12 16 22");
  CHECK(numbers(cron.day_of_month) == "1 15");
  CHECK(numbers(cron.month) == "1 2 3 4 5 6 7 8 9 10 11 12");
  CHECK(numbers(cron.day_of_week) == "1 2 3 4 5");
  CHECK_FALSE(cron.dom_star);
  CHECK_FALSE(cron.dow_star);
  const Cron all = parse_cron(" *\t* * * * ").value();
  CHECK(all.minute.all());
  CHECK(all.hour.all());
  CHECK(all.day_of_month.count() == 31);
  CHECK_FALSE(all.day_of_month[0]);
  CHECK(all.month.count() == 12);
  CHECK_FALSE(all.month[0]);
  CHECK(all.day_of_week.all());
  CHECK(all.dom_star);
  CHECK(all.dow_star);
  CHECK(parse_cron("0 0 */2 * *").value().dom_star);
}

TEST_CASE("cron: months and days of the week have names, and Sunday is 0 and 7") {
  CHECK(parse_cron("0 7 * JAN,mar-May Mon").value() == parse_cron("0 7 * 1,3-5 1").value());
  CHECK(numbers(parse_cron("0 7 * * 7").value().day_of_week) == "0");
  CHECK(numbers(parse_cron("0 7 * * sun").value().day_of_week) == "0");
  CHECK(numbers(parse_cron("0 7 * * fri-sun").value().day_of_week) == "0 5 6");
  CHECK(numbers(parse_cron("0 7 * * 5-7").value().day_of_week) == "0 5 6");
  CHECK(numbers(parse_cron("0 7 * * sun-tue").value().day_of_week) == "0 1 2");
  CHECK(numbers(parse_cron("0 7 * * */2").value().day_of_week) == "0 2 4 6");
}

TEST_CASE("cron: what is wrong in a field says where, and what may stand there") {
  CHECK(why("0 24 * * *") == "3: `24` is not an hour: `*`, or numbers from 0 to 23");
  CHECK(why("60 * * * *") == "1: `60` is not a minute: `*`, or numbers from 0 to 59");
  CHECK(why("0  7 0 * *") == "6: `0` is not a day of the month: `*`, or numbers from 1 to 31");
  CHECK(why("0 7 * foo *") ==
        "7: `foo` is not a month: `*`, or numbers from 1 to 12, or jan to dec");
  CHECK(why("0 7 * * monday") ==
        "9: `monday` is not a day of the week: `*`, or numbers from 0 to 7 (0 and 7 are Sunday), "
        "or mon to sun");
  CHECK(why("0 7 ? * 1") == "5: `?` is not a day of the month: write `*`");
  CHECK(why("0 7 * * -1").starts_with("9: `` is not a day of the week"));
  CHECK(why("0 22-2 * * *") == "3: `22-2` ends before it begins: write 22-23,0-2");
  CHECK(why("0 7 * * fri-mon") == "9: `fri-mon` ends before it begins: write fri-sat,sun-mon");
  CHECK(why("*/0 * * * *") ==
        "1: `*/0` has no step: `0` is not a whole number from 1: write */2 for every second one");
  CHECK(why("*/90 * * * *") ==
        "1: `*/90` steps over all but the first minute: write 0 if that is meant");
  CHECK(why("5/15 * * * *") ==
        "1: `5/15` has a step and no range that it goes through: write 5-59/15");
  CHECK(why("0 1,,2 * * *") ==
        "3: `1,,2` has a comma with nothing beside it: write a list as `1,15`, without blanks");
  CHECK(why("0 99999999999999999999 * * *").starts_with("3: "));
}

TEST_CASE("cron: a text has five fields") {
  const std::string form =
      ": minute, hour, day of the month, month, day of the week: `0 7 * * 1` is seven o'clock on "
      "Mondays";
  CHECK(why("") == "1: a cron text has five fields, and `` has none" + form);
  CHECK(why(" 0 7") == "2: a cron text has five fields, and ` 0 7` has 2" + form);
  CHECK(why("0 0 7 * * 1") ==
        "1: a cron text has five fields, and `0 0 7 * * 1` has 6 (there are no seconds and no "
        "years)" +
            form);
  CHECK(why("@daily") == "1: `@daily` is a short form that is not read here: write \"0 0 * * *\"");
  CHECK(why("@reboot") == "1: `@reboot` is a short form that is not read here" + form);
}

TEST_CASE("cron: a day that never comes is an error") {
  CHECK(why("0 0 31 2,4 *") ==
        "5: no month that `0 0 31 2,4 *` names has such a day: it would never come");
  CHECK(why("0 0 29 2 *") == "no error");
  CHECK(why("0 0 31 4,5 *") == "no error");
  // Mondays come.
  CHECK(why("0 0 31 2 1") == "no error");
}

TEST_CASE("cron: any text is read or refused") {
  std::mt19937_64 random(7);
  const std::string letters = "0123456789*/-,  \tmonfebSUN@?#L";
  for (int i = 0; i < property_cases(); ++i) {
    std::string text;
    const std::size_t length = random() % 24;
    for (std::size_t k = 0; k < length; ++k) text += letters[random() % letters.size()];
    const Result<Cron> cron = parse_cron(text);
    if (cron) {
      CHECK(cron->minute.any());
      CHECK(cron->hour.any());
      CHECK(cron->day_of_month.any());
      CHECK(cron->month.any());
      CHECK(cron->day_of_week.any());
    } else {
      CHECK_FALSE(cron.error().message.empty());
      CHECK(cron.error().where.column >= 1);
      CHECK(static_cast<std::size_t>(cron.error().where.column) <= text.size() + 1);
    }
  }
}
