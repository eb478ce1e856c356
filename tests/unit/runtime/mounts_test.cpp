// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/mounts.hpp"

#include <catch2/catch.hpp>
#include <string>

using aldis::runtime::doubt_of;
using aldis::runtime::mount_doubt;

namespace {

struct Line {
  const char* mountinfo;  // of the file system on /data
  const char* doubted;    // what its reason contains; nullptr = it is trusted
};

constexpr Line kLines[] = {
    {"36 27 254:0 / /data rw,relatime - ext4 /dev/vda rw", nullptr},
    {"36 27 254:0 / /data rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro,data=ordered", nullptr},
    {"36 27 254:0 / /data rw,relatime - ext4 /dev/vda rw,nobarrier", "nobarrier"},
    {"36 27 254:0 / /data rw,relatime - ext4 /dev/vda rw,data=ordered,barrier=0", "barrier=0"},
    {"36 27 254:0 / /data rw,relatime - ext4 /dev/vda rw,barrier=1", nullptr},
    {"36 27 254:0 / /data rw,nobarrier,relatime - ext3 /dev/vda rw", "nobarrier"},
    {"36 27 254:0 / /data rw,relatime - xfs /dev/sdb1 rw,attr2,inode64,logbufs=8,noquota", nullptr},
    {"36 27 254:0 / /data rw,relatime - xfs /dev/sdb1 rw,attr2,nobarrier,inode64", "nobarrier"},
    {"36 27 0:41 /@data /data rw,relatime - btrfs /dev/sdc rw,space_cache=v2,subvol=/@data", nullptr},
    {"36 27 0:41 / /data rw,relatime - btrfs /dev/sdc rw,nobarrier,subvolid=5", "nobarrier"},
    {"36 27 254:0 / /data rw,relatime - reiserfs /dev/sdd rw,barrier=none", "barrier=none"},
    {"36 27 0:50 / /data rw,relatime - zfs tank/data rw,xattr,noacl", nullptr},
    {"36 27 0:23 / /data rw,nosuid,nodev - tmpfs tmpfs rw,size=24682416k", "memory"},
    {"36 27 0:23 / /data rw - ramfs ramfs rw", "memory"},
    {"36 27 0:60 / /data rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w", "container"},
    {"36 27 0:61 / /data rw,relatime - aufs none rw,si=1a", "container"},
    {"36 27 0:62 / /data rw,relatime - nfs server:/export rw,vers=3,hard,proto=tcp", "server"},
    {"36 27 0:63 / /data rw,relatime - nfs4 server:/export rw,vers=4.2,hard", "server"},
    {"36 27 0:64 / /data rw,relatime - cifs //server/share rw,vers=3.1.1,cache=strict", "server"},
    {"36 27 0:65 / /data rw,relatime - 9p share rw,trans=virtio", "server"},
    {"36 27 254:0 / /data rw,relatime - ext4 /dev/nobarrier rw,stripe=16", nullptr},
    {"36 27 254:0 / /data rw,relatime", nullptr},
};

const std::string kRoot = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n";

}  // namespace

TEST_CASE("mounts that may lose what was synced are told from others by their line", "[H13]") {
  for (const Line& line : kLines) {
    INFO(line.mountinfo);
    const auto doubt = doubt_of(kRoot + line.mountinfo + "\n", "/data/aldis/journal");
    REQUIRE(doubt.has_value() == (line.doubted != nullptr));
    if (!doubt) { continue; }
    CHECK_THAT(doubt->reason, Catch::Contains(line.doubted));
    CHECK(doubt->mount == "/data");
    CHECK(std::string{line.mountinfo}.find(" - " + doubt->file_system + " ") != std::string::npos);
  }
}

TEST_CASE("the mount of a path is the innermost one that holds it, and the last of several there", "[H13]") {
  const std::string lines =
      kRoot + "30 27 0:1 / /data rw - tmpfs tmpfs rw\n" + "31 30 254:1 / /data/safe rw - ext4 /dev/vdb rw\n" +
      "32 27 0:2 / /with\\040space rw - nfs4 s:/x rw\n" + "33 27 0:3 / /twice rw - tmpfs tmpfs rw\n" +
      "34 33 254:2 / /twice rw - ext4 /dev/vdc rw\n";
  CHECK(doubt_of(lines, "/data"));
  CHECK(doubt_of(lines, "/data/journal"));
  CHECK_FALSE(doubt_of(lines, "/data/safe/journal"));
  CHECK(doubt_of(lines, "/data/safety"));
  CHECK_FALSE(doubt_of(lines, "/database"));
  CHECK(doubt_of(lines, "/with space/aldis"));
  CHECK_FALSE(doubt_of(lines, "/twice/aldis"));
  CHECK_FALSE(doubt_of("", "/data"));
  CHECK_FALSE(doubt_of("one word\n\n - \n5 4 3 2 - x", "/data"));
}

TEST_CASE("a folder in memory is doubted on a real machine, and one that is not there is not", "[H13]") {
  const auto doubt = mount_doubt("/dev/shm");
  if (doubt) { CHECK(doubt->file_system == "tmpfs"); }  // it is one wherever there is one
  CHECK_FALSE(mount_doubt("/no/such/folder"));
}
