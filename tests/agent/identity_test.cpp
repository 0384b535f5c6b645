#include "agent/identity.h"

#include <gtest/gtest.h>

#include "agent/limits.h"
#include "base/bytes.h"

namespace prometheus_rsocket::agent {
namespace {

TEST(Identity, IsOneJsonObject) {
  const Identity identity{"billing", "host-1", "7f3a", {{"env", "prod"}, {"zone", "b"}}};
  EXPECT_EQ(to_json(identity), R"({"job":"billing","instance":"host-1","incarnation":"7f3a",)"
                               R"("labels":{"env":"prod","zone":"b"}})");
}

TEST(Identity, EscapesWhatJsonMustNotHoldPlain) {
  const Identity identity{"a\"b\\c\n", "\xC3\xA4", "", {}};
  EXPECT_EQ(to_json(identity),
            "{\"job\":\"a\\\"b\\\\c\\u000a\",\"instance\":\"\xC3\xA4\","
            "\"incarnation\":\"\",\"labels\":{}}");
}

TEST(Identity, TravelsInTheMetadataOfSetup) {
  const Identity identity{"billing", "host-1", "7f3a", {}};
  rsocket::SetupConfig setup;
  ASSERT_TRUE(introduce(setup, identity));
  EXPECT_EQ(setup.metadata_mime_type, "application/json");
  EXPECT_EQ(setup.data_mime_type, "application/binary");
  EXPECT_EQ(base::as_text(*setup.payload.metadata), to_json(identity));
}

TEST(Identity, ThatIsTooLongIsNotSent) {
  rsocket::SetupConfig setup;
  EXPECT_FALSE(introduce(setup, {std::string(kIdentityBytesMax, 'x'), "", "", {}}));
  EXPECT_FALSE(setup.payload.metadata);
}

}  // namespace
}  // namespace prometheus_rsocket::agent
