//! `iso FILE`: an image that boots by BIOS and UEFI, through GRUB, to a shell on the first serial port.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::boot;
use crate::compile::{self, Variant};
use crate::failure::{Context, Failure, Result};
use crate::initramfs::run_file::Run;
use crate::initramfs::{newc, run_file};
use crate::project::Project;
use crate::setup::packages::Software;
use crate::setup::programs::find_or_install;

const MENU: &str = "\
set timeout=0
serial --unit=0 --speed=115200
terminal_output console serial
menuentry Tessera {
    multiboot2 /boot/tessera
    module2 /boot/initramfs
    boot
}
";

/// Writes the image.
pub fn write(project: &Project, file: &Path) -> Result<u8> {
    let program = ["grub-mkrescue", "grub2-mkrescue"]
        .into_iter()
        .find(|name| crate::setup::programs::find_in_path(name).is_some());
    let grub = find_or_install(project, program.unwrap_or("grub-mkrescue"), Software::Grub)?;
    let artifacts = compile::build(project, Variant::Plain)?;
    let mut tree = boot::compose_base(project, &artifacts, &[])?;
    Run::shell(run_file::environment(std::iter::empty(), &["TERM=linux".into()]), "/root".into())
        .insert_into(&mut tree)?;
    let _lock = project.lock("iso")?;
    let directory = project.output.join("iso");
    let grub_directory = directory.join("boot/grub");
    let context = || format!("cannot write below {}", directory.display());
    fs::create_dir_all(&grub_directory).context(context)?;
    fs::write(grub_directory.join("grub.cfg"), MENU).context(context)?;
    fs::copy(&artifacts.kernel, directory.join("boot/tessera")).context(context)?;
    let mut archive = fs::File::create(directory.join("boot/initramfs")).context(context)?;
    newc::write(&tree, &mut archive).context(context)?;
    eprintln!("tessera: writing {}", file.display());
    let output = Command::new(&grub).arg("-o").arg(file).arg(&directory).stdin(Stdio::null()).output();
    let output = output.context(|| format!("cannot start {}", grub.display()))?;
    fs::remove_dir_all(&directory).context(context)?;
    if output.status.success() {
        return Ok(0);
    }
    Err(Failure::machine(format!("{} failed:\n{}", grub.display(), String::from_utf8_lossy(&output.stderr))))
}
