#include "reconciler/notify/text.hpp"

#include <doctest/doctest.h>

#include "reconciler/notify/mail.hpp"
#include "reconciler/notify/render.hpp"
#include "tests/reconciler/notify/notify_lab.hpp"

using namespace homeostat;
using namespace homeostat::test;

TEST_CASE("notify text: what is no text goes, and what misleads") {
  CHECK(clean_text("a\tb\r\nc\rd\x01\x7F\xC2\x85") == "a b\nc\nd");
  CHECK(clean_text("\xFF"
                   "a\xE2\x82") ==
        "\xEF\xBF\xBD"
        "a\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(clean_text("\xE2\x80\xAE"
                   "a\xE2\x81\xA6\xD8\x9C\xE2\x80\xA8"
                   "b\xEF\xBB\xBF") == "ab");
  CHECK(clean_text("ü – \xF0\x9F\x98\x80") == "ü – \xF0\x9F\x98\x80");
}

TEST_CASE("notify text: a title is one line, not empty and not long") {
  Message message;
  message.title = "  a\nb\t ";
  CHECK(clean_message(message).title == "a b");
  message.title = "\n \x01";
  CHECK(clean_message(message).title == "Homeostat");
  message.title = std::string(500, 'x');
  CHECK(clean_message(message).title == std::string(200, 'x') + "…");
}

TEST_CASE(
    "notify text: parts are cut at lines, within the limit, and lose nothing but what they say") {
  CHECK(split_text("", 100, 3).empty());
  CHECK(split_text("\n \n", 100, 3).empty());
  CHECK(split_text("\na\n\nb\n\n", 100, 3) == std::vector<std::string>{"a\n\nb"});
  std::string text;
  for (int i = 0; i < 60; ++i) text += "line " + std::to_string(i) + "\n";
  for (const std::size_t limit : {90U, 100U, 137U, 200U, 500U}) {
    CAPTURE(limit);
    const auto whole = split_text(text, limit, 100);
    std::string joined;
    for (const std::string& part : whole) {
      CHECK(utf16_length(part) <= limit);
      joined += part + "\n";
    }
    CHECK(joined == text);
    const auto cut = split_text(text, limit, 2);
    if (whole.size() <= 2) continue;
    CHECK(cut.size() == 2);
    CHECK(cut.front() == whole.front());
    CHECK(utf16_length(cut.back()) <= limit);
    const auto kept = static_cast<int>(std::count(cut[0].begin(), cut[0].end(), '\n') + 1 +
                                       std::count(cut[1].begin(), cut[1].end(), '\n'));
    CHECK(cut.back().ends_with("\n… " + std::to_string(60 - kept) + " more lines are left out"));
  }
  // Lines that are too long are cut between characters.
  std::string faces;
  for (int i = 0; i < 100; ++i) faces += "\xF0\x9F\x98\x80";
  std::string joined;
  for (const std::string& part : split_text(faces, 91, 100)) {
    CHECK(utf16_length(part) <= 91);
    CHECK(part.size() % 4 == 0);
    joined += part;
  }
  CHECK(joined == faces);
}

TEST_CASE("notify text: escapes leave nothing that could be markup") {
  CHECK(html_escaped("a<b>&\"") == "a&lt;b&gt;&amp;&quot;");
  CHECK(fence_proof("a```b``").find("``") == std::string::npos);
  CHECK(plain_markdown("a_b*c@d [x](y) 1.2") == "a\\_b\\*c\\@d \\[x\\]\\(y\\) 1.2");
}

TEST_CASE(
    "notify render: Markdown and HTML are made where they are not given, and hold no markup") {
  Message message = sample();
  message.title = "drift: <b>a_b</b>";
  message.text = "one\n```\n</pre><script>\n";
  const Message full = with_forms(message);
  CHECK(full.markdown ==
        "**drift\\: \\<b\\>a\\_b\\<\\/b\\>**\n\n````\none\n```\n</pre><script>\n````\n");
  CHECK(
      full.html ==
      "<p><b>drift: &lt;b&gt;a_b&lt;/b&gt;</b></p>\n<pre style=\"white-space: pre-wrap\">one\n```\n"
      "&lt;/pre&gt;&lt;script&gt;</pre>\n");
  message.markdown = "m";
  message.html = "h";
  CHECK(with_forms(message) == message);
}

TEST_CASE("notify mail: quoted-printable keeps lines short and every byte") {
  CHECK(quoted_printable("a=b \n\tc\nü") == "a=3Db=20\r\n=09c\r\n=C3=BC\r\n");
  CHECK(quoted_printable(std::string(80, 'x')) ==
        std::string(75, 'x') + "=\r\n" + std::string(5, 'x') + "\r\n");
  CHECK(quoted_printable(std::string(74, 'x') + "ü") == std::string(74, 'x') + "=\r\n=C3=BC\r\n");
  CHECK(quoted_printable("").empty());
}

TEST_CASE("notify mail: a subject that is not short and plain goes in words that are") {
  CHECK(encoded_words("[home] drift: nas") == "[home] drift: nas");
  CHECK(encoded_words("=?UTF-8?B?eA==?=") == "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=");
  CHECK(encoded_words("a\r\nBcc: b").find('\n') == std::string::npos);
  const std::string folded = encoded_words(std::string(100, 'x') + "ü");
  CHECK(folded.find("?=\r\n =?") != std::string::npos);
}
