#include "exposition/stored.h"

#include <optional>
#include <utility>

#include "exposition/scan.h"
#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr unsigned kDialectField = 1;
constexpr unsigned kFieldsField = 2;  // ProtobufFields

std::optional<Dialect> dialect_of(std::uint64_t number) {
  for (const Dialect dialect : {Dialect::kText, Dialect::kOpenMetrics, Dialect::kProtobuf}) {
    if (number == static_cast<std::uint64_t>(dialect)) return dialect;
  }
  return std::nullopt;
}

}  // namespace

std::string stored_form(const Exposition& exposition) {
  std::string form;
  wire::append_unsigned(kDialectField, static_cast<std::uint64_t>(exposition.index.dialect), form);
  if (exposition.index.dialect == Dialect::kProtobuf) {
    wire::append_string(kFieldsField, exposition.index.protobuf_fields.serialize(), form);
  }
  return form;
}

boost::system::result<Exposition, ScanError> restore(std::string text, std::string_view form,
                                                     const base::SipKey& key) {
  const ScanError unknown{0, ScanReason::kProtobuf};
  wire::Reader reader(form);
  std::optional<Dialect> dialect;
  std::string_view fields;
  while (const auto field = reader.next()) {
    std::uint64_t number = 0;
    if (field->number == kDialectField && wire::get(*field, number)) dialect = dialect_of(number);
    if (field->number == kFieldsField && !wire::get(*field, fields)) return unknown;
  }
  auto protobuf_fields = ProtobufFields::parse(fields, text.size());
  if (!reader.has_ended_well() || !dialect || !protobuf_fields) return unknown;
  auto index = scan(text, *dialect, key);
  if (!index) return index.error();
  index->protobuf_fields = std::move(*protobuf_fields);
  return Exposition{std::move(text), std::move(*index)};
}

}  // namespace prometheus_rsocket::exposition
