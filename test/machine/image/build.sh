#!/bin/bash
# Builds the disk of a test machine: a Debian with systemd, the project's Node and an ssh server for the tests.
#
#   build.sh OUTPUT-DIRECTORY NODE-BINARY oldest|newest
#
# oldest: Debian 12, whose systemd is the oldest that hublet works with, and Jupyter. newest: Debian's testing suite, little else.
# Writes disk.img, vmlinuz, initrd.gz and the ssh key (id, id.pub) there. Everything Debian, the kernel included, comes
# from the mirrors in this computer's own apt configuration; nothing is installed on this computer. Needs root.
set -euo pipefail

out=$1
node=$2
systemd=$3
here=$(dirname "$(readlink -f "$0")")
case $systemd in
oldest) suite=bookworm ;;
newest) suite=testing ;;
*) echo "no such systemd: $systemd" >&2; exit 2 ;;
esac
disk_size=3000M
work=$out/work
root=$work/root
mkdir -p "$work/kernel"

packages=$(sed -e '/^#/d' -e '/^$/d' "$here/packages" "$here/packages-$systemd" | paste -sd ,)

# --- where Debian comes from ------------------------------------------------
mirror() { # LABEL: the first address this computer's apt uses for it
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" | head -n 1
}
[ -n "$(mirror Debian)" ] || apt-get update -qq
debian=$(mirror Debian)
security=$(mirror Debian-Security)
[ -n "$debian" ] || { echo "apt on this computer knows no Debian mirror (apt-get indextargets names none)" >&2; exit 1; }
sources="deb $debian $suite main"
# Testing gets its updates and its security fixes in the suite itself.
[ "$suite" = testing ] || sources+="
deb $debian $suite-updates main"
[ "$suite" = testing ] || [ -z "$security" ] || sources+="
deb $security $suite-security main"

# Proxies, certificates and clock settings that this computer's apt needs, the one inside needs too.
apt_options=()
while read -r line; do
  apt_options+=("--aptopt=$line")
done < <(apt-config dump --no-empty | grep -E '^Acquire::(https?::|Check-Valid-Until|Check-Date)' || true)

# --- root file system -------------------------------------------------------
# The kernel and busybox are unpacked beside the tree, not installed: no package scripts, no initramfs-tools.
cat > "$work/fetch-kernel" <<'HOOK'
#!/bin/sh
set -eu
cd "$KERNEL_DIRECTORY"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
export APT_CONFIG
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
packages=busybox-static
# Newer ones are in several packages, and the one of that name is empty.
for package in "$kernel" "linux-base-${kernel#linux-image-}" "linux-binary-${kernel#linux-image-}" "linux-modules-${kernel#linux-image-}"; do
  [ -z "$(apt-cache madison "$package")" ] || packages="$packages $package"
done
apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download $packages
for package in ./*.deb; do
  dpkg-deb -x "$package" .
  rm "$package"
done
HOOK
chmod +x "$work/fetch-kernel"

KERNEL_DIRECTORY=$work/kernel mmdebstrap --mode=root --variant=minbase --quiet --include="$packages" \
  --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' "${apt_options[@]}" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  --customize-hook="$work/fetch-kernel" \
  "$suite" "$root" - <<< "$sources"

# --- kernel and a tiny initramfs (busybox, virtio) --------------------------
# Paths as they were before and since Debian's merge of /lib and /bin into /usr.
modules=$(find "$work"/kernel/{,usr/}lib/modules -mindepth 1 -maxdepth 1 -name '*-cloud-amd64' 2> /dev/null || true)
busybox=$(find "$work"/kernel/{,usr/}bin/busybox 2> /dev/null || true)
cp "$(find "$work"/kernel/boot/vmlinuz-* "$modules/vmlinuz" 2> /dev/null || true)" "$out/vmlinuz"
mkdir -p "$root/lib/modules"
cp -a "$modules" "$root/lib/modules/"
rm -f "$root/lib/modules/"*/vmlinuz
initrd=$work/initrd
mkdir -p "$initrd"/{bin,dev,proc,newroot,mod}
install -m 755 "$busybox" "$initrd/bin/busybox"
install -m 755 "$here/init" "$initrd/init"
for module in $(sed -n 's/^modules="\(.*\)"$/\1/p' "$here/init"); do
  find "$modules" \( -name "$module.ko" -o -name "$module.ko.xz" \) -exec cp {} "$initrd/mod/" \;
done
find "$initrd/mod" -name '*.xz' -exec "$busybox" unxz {} +
(cd "$initrd" && find . | bin/busybox cpio -o -H newc 2> /dev/null) | gzip -1 > "$out/initrd.gz"

# --- identity, network, ssh -------------------------------------------------
install -D -m 755 "$node" "$root/usr/local/bin/node"
echo machine > "$root/etc/hostname"
printf '127.0.0.1 localhost machine\n' > "$root/etc/hosts"
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
ln -sf ../usr/share/zoneinfo/UTC "$root/etc/localtime"
echo 'LANG=C.UTF-8' > "$root/etc/default/locale"
printf '/dev/vda / ext4 noatime 0 0\n' > "$root/etc/fstab"
rm -f "$root/etc/resolv.conf"
printf 'nameserver 10.0.2.3\n' > "$root/etc/resolv.conf"

# dropbear: root by key only and without PAM, so that no command makes a login session.
ssh-keygen -q -t ed25519 -N '' -C hublet-machine -f "$out/id"
install -d -m 700 "$root/root/.ssh"
cp "$out/id.pub" "$root/root/.ssh/authorized_keys"
mkdir -p "$root/etc/dropbear"
rm -f "$root/etc/dropbear/dropbear_ed25519_host_key"
chroot "$root" dropbearkey -t ed25519 -f /etc/dropbear/dropbear_ed25519_host_key > /dev/null 2>&1
units=$root/etc/systemd/system
cp "$here/machine-ssh.service" "$here/machine-ready.service" "$units/"
mkdir -p "$units/multi-user.target.wants"
ln -sf ../machine-ssh.service ../machine-ready.service "$units/multi-user.target.wants/"
for manager in system user; do
  install -D -m 644 "$here/one-processor.conf" "$root/etc/systemd/$manager/hublet.service.d/one-processor.conf"
done

# --- people -----------------------------------------------------------------
# alice may use sudo without a password, so that only NoNewPrivileges can refuse it to a server of hers.
chroot "$root" sh -ec '
  for user in alice bob carol; do useradd --create-home --shell /bin/bash "$user"; echo "$user:$user" | chpasswd; done
  groupadd --system hublet
  usermod -p "*" root
  echo "alice ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/alice
  chmod 440 /etc/sudoers.d/alice'

# --- what costs boot time and serves nothing here ---------------------------
while read -r unit; do
  ln -sf /dev/null "$units/$unit"
done < <(grep -v -e '^#' -e '^$' "$here/masked-units")
mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\nRateLimitIntervalSec=0\n' > "$root/etc/systemd/journald.conf.d/machine.conf"
# Emulated processors are slow: systemd's own 90 s would be too little for some starts.
printf '[Manager]\nDefaultTimeoutStartSec=180s\nDefaultTimeoutStopSec=30s\n' > "$root/etc/systemd/system.conf.d/machine.conf"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*.log

# --- disk -------------------------------------------------------------------
truncate -s "$disk_size" "$out/disk.img"
mke2fs -q -t ext4 -O '^has_journal,^metadata_csum,^64bit' -E lazy_itable_init=0,root_owner=0:0 -m 0 -d "$root" "$out/disk.img"
rm -rf "$work"
