#include "reconciler/notify/render.hpp"

#include "reconciler/notify/text.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

// Longer than any run of backticks in the text, and three at least.
std::string fence_for(std::string_view text) {
  std::size_t longest = 2;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(longest + 1, '`');
}

std::string without_last_newlines(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string markdown_of(const Message& message) {
  std::string out = "**" + plain_markdown(message.title) + "**\n";
  if (const std::string text = without_last_newlines(message.text); !text.empty()) {
    const std::string fence = fence_for(text);
    out += "\n" + fence + "\n" + text + "\n" + fence + "\n";
  }
  return out;
}

std::string html_of(const Message& message) {
  std::string out = "<p><b>" + html_escaped(message.title) + "</b></p>\n";
  if (const std::string text = without_last_newlines(message.text); !text.empty()) {
    out += "<pre style=\"white-space: pre-wrap\">" + html_escaped(text) + "</pre>\n";
  }
  return out;
}

}  // namespace

Message with_forms(Message message) {
  if (message.markdown.empty()) message.markdown = markdown_of(message);
  if (message.html.empty()) message.html = html_of(message);
  return message;
}

std::string html_page(const Message& message) {
  const std::string start = to_lower(std::string_view(message.html).substr(0, 15));
  if (start.starts_with("<!doctype") || start.starts_with("<html")) return message.html;
  return "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>" +
         html_escaped(message.title) + "</title></head>\n<body>\n" + message.html + "<p><small>" +
         html_escaped(footer(message)) + "</small></p>\n</body></html>\n";
}

}  // namespace homeostat
