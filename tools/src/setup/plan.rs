//! What is to be done as root: a list of shell commands, which either we run or the user types as one.

/// Whether the rest makes sense without a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing after it is tried when it fails.
    Required,
    /// Refreshing package lists: one of many sources may be out of reach, and old lists may do.
    Helpful,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// For the shell; without single quotes.
    pub command: String,
    /// What its failure means.
    pub need: Need,
}

/// The commands in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(Vec<Step>);

impl Plan {
    /// Adds a step.
    pub fn add(&mut self, need: Need, command: impl Into<String>) {
        self.0.push(Step { command: command.into(), need });
    }

    /// The steps in their order.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// All steps as the one line that a person types who may become root by `become_root`, such as `sudo sh -c`.
    pub fn as_one_command(&self, become_root: &str) -> String {
        let mut line = String::new();
        for (number, step) in self.0.iter().enumerate() {
            line += &step.command;
            if number + 1 < self.0.len() {
                line += if step.need == Need::Required { " && " } else { "; " };
            }
        }
        format!("{become_root} '{line}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_goes_on_only_after_what_is_not_required() {
        let mut plan = Plan::default();
        plan.add(Need::Required, "echo \"a\" > /b");
        plan.add(Need::Helpful, "update");
        plan.add(Need::Required, "install");
        assert_eq!(plan.as_one_command("su -c"), "su -c 'echo \"a\" > /b && update; install'");
    }
}
