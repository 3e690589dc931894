#include "reconciler/notify/mail.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "providers/core/http.hpp"
#include "reconciler/notify/render.hpp"
#include "reconciler/notify/text.hpp"
#include "specs/text.hpp"
#include "specs/utf8.hpp"

namespace homeostat {
namespace {

constexpr std::string_view line_end = "\r\n";
// Quoted-printable has `=` in front of two digits or a line end only: it holds no `=_`.
constexpr std::string_view boundary = "=_homeostat";

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

// "Sat, 21 Nov 2026 14:02:11 +0000", whatever the language of the machine.
std::string mail_date(Time at) {
  static constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed",
                                                           "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm tm = fmt::gmtime(std::chrono::system_clock::to_time_t(at));
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000",
                     days.at(static_cast<std::size_t>(tm.tm_wday)), tm.tm_mday,
                     months.at(static_cast<std::size_t>(tm.tm_mon)), tm.tm_year + 1900, tm.tm_hour,
                     tm.tm_min, tm.tm_sec);
}

// Letters, digits and what else a Message-ID may hold anywhere.
std::string id_text(std::string_view text) {
  std::string out = url_component(text);
  std::replace(out.begin(), out.end(), '.', '_');
  return out;
}

std::string mime_part(std::string_view type, const std::string& text) {
  return fmt::format(
      "Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
      type, quoted_printable(text));
}

}  // namespace

std::string quoted_printable(std::string_view text) {
  constexpr std::size_t longest = 75;  // and an `=` at the end
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += line_end;
      column = 0;
      continue;
    }
    const bool last = i + 1 == text.size() || text[i + 1] == '\n';
    const bool plain = c >= 0x20 && c < 0x7F && c != '=' && !(c == ' ' && last);
    const std::size_t width = plain ? 1 : 3;
    if (column + width > longest) {
      out += "=\r\n";
      column = 0;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else {
      out += {'=', digits[byte >> 4U], digits[byte & 0xFU]};
    }
    column += width;
  }
  if (column > 0) out += line_end;
  return out;
}

std::string encoded_words(std::string_view text) {
  constexpr std::size_t longest_plain = 60;
  constexpr std::size_t longest_piece = 42;  // bytes; 56 in base64, 68 with what is around
  if (is_printable_ascii(text) && text.size() <= longest_plain && text.find("=?") == text.npos) {
    return std::string(text);
  }
  std::string out;
  while (!text.empty()) {
    std::size_t end = 0;
    while (end < text.size()) {
      const std::size_t length = std::max<std::size_t>(utf8_length(text, end), 1);
      if (end + length > longest_piece) break;
      end += length;
    }
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + base64(text.substr(0, end)) + "?=";
    text.remove_prefix(end);
  }
  return out;
}

std::string mail_of(const Message& message, const MailHead& head) {
  const std::string domain = head.from.substr(head.from.find('@') + 1);
  std::string to;
  for (const std::string& address : head.to) to += (to.empty() ? "" : ",\r\n ") + address;
  std::string out = "From: Homeostat <" + head.from + ">\r\n";
  out += "To: " + to + "\r\n";
  const std::string site = message.site.empty() ? "" : "[" + message.site + "] ";
  out += "Subject: " + encoded_words(site + message.title) + "\r\n";
  out += "Date: " + mail_date(message.at) + "\r\n";
  out += "Message-ID: <" + id_text(message.id) + "@" + domain + ">\r\n";
  if (!message.incident.empty()) {
    out += fmt::format("References: <incident-{}-{}@{}>\r\n", id_text(message.site),
                       id_text(message.incident), domain);
  }
  out += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  out += fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n", boundary);
  std::string text = message.text;
  while (text.ends_with('\n')) text.pop_back();
  if (!text.empty()) text += "\n\n";
  text = message.title + "\n\n" + text + "-- \n" + footer(message) + "\n";
  // The line end in front of a boundary belongs to that.
  out += fmt::format("--{}\r\n{}", boundary, mime_part("text/plain", text));
  out += fmt::format("\r\n--{}\r\n{}", boundary, mime_part("text/html", html_page(message)));
  return out + fmt::format("\r\n--{}--\r\n", boundary);
}

Result<std::string> checked_mail_address(std::string_view text) {
  const auto wrong = [&text] {
    return fail(ErrorKind::invalid_spec, in_ticks(text) + " is no mail address",
                "write the address alone, such as ops@example.org");
  };
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || text.size() > 254) return wrong();
  const auto is_atom = [](std::string_view part, std::string_view more) {
    for (const std::string_view atom : split(part, '.')) {
      const bool fine = !atom.empty() && std::all_of(atom.begin(), atom.end(), [&more](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return letter || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
      });
      if (!fine) return false;
    }
    return true;
  };
  const bool fine =
      is_atom(text.substr(0, at), "!#$%&'*+-/=?^_`{|}~") && is_atom(text.substr(at + 1), "-");
  if (!fine) return wrong();
  return std::string(text);
}

}  // namespace homeostat
