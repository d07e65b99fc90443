//! Whether the caller may do what deploying and importing take, by simulation: nothing is tried out.

mod actions;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use aws_sdk_iam::{Client, types::PolicyEvaluationDecisionType};

use self::actions::{STACK, TYPES};
use super::{Finding, Patient};
use crate::{
    aws::{Account, failure},
    deployment,
    difference::{Resolved, Side},
};

const TOPIC: &str = "permissions";

/// Actions on one resource, asked for together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    principal: String,
    resource: String,
    actions: Vec<&'static str>,
}

pub(super) async fn look(patient: Patient<'_>, role_arn: Option<&str>) -> Vec<Finding> {
    let client = Client::new(patient.aws);
    let caller = match principal(&client, &patient.account.identity).await {
        Ok(Some(caller)) => caller,
        Ok(None) => {
            return vec![Finding::ok(TOPIC, "the account's root user may do everything")];
        }
        Err(error) => return vec![Finding::not_asked(TOPIC, format!("{error:#}"))],
    };
    let questions = match questions(patient, &caller, role_arn) {
        Ok(questions) => questions,
        Err(error) => return vec![Finding::not_asked(TOPIC, format!("{error:#}"))],
    };
    let mut asked = tokio::task::JoinSet::new();
    let mut count = 0;
    for question in questions {
        count += question.actions.len();
        let client = client.clone();
        asked.spawn(
            async move { denied(&client, &question).await.map(|denied| (question, denied)) },
        );
    }
    let mut findings = Vec::new();
    let mut unanswered = BTreeSet::new();
    while let Some(answer) = asked.join_next().await {
        match answer.context("a question to IAM was given up").and_then(|answer| answer) {
            Ok((question, denied)) if !denied.is_empty() => {
                findings.push(refusal(&question, &caller, &denied));
            }
            Ok(_) => {}
            Err(error) => {
                unanswered.insert(format!("{error:#}"));
            }
        }
    }
    findings.sort_by(|one, other| one.text.cmp(&other.text));
    if let Some(why) = unanswered.first() {
        findings.push(Finding::not_asked(
            TOPIC,
            format!("cannot tell whether everything is allowed: {why}"),
        ));
    } else if findings.is_empty() {
        findings.push(Finding::ok(
            TOPIC,
            format!("{count} actions of deploying and importing are allowed"),
        ));
    }
    findings
}

fn refusal(question: &Question, caller: &str, denied: &[String]) -> Finding {
    let whose = if question.principal == caller {
        String::new()
    } else {
        format!(" for {}", question.principal)
    };
    Finding::error(
        TOPIC,
        format!("not allowed{whose}: {} on {}", denied.join(", "), question.resource),
        "infra/deployer-policy.json allows what deploying takes; organization and boundary policies count as well",
    )
}

/// Whose policies are to be simulated: the user, or the role that was taken. None: the root user.
async fn principal(client: &Client, identity: &str) -> Result<Option<String>> {
    if identity.ends_with(":root") {
        return Ok(None);
    }
    let Some((_, session)) = identity.split_once(":assumed-role/") else {
        return Ok(Some(identity.to_owned()));
    };
    // The session does not tell the role's path.
    let role = session.split('/').next().unwrap_or_default();
    let found = client.get_role().role_name(role).send().await.map_err(failure);
    let found = found.with_context(|| format!("cannot tell: IAM does not show the role {role}"))?;
    match found.role {
        Some(role) => Ok(Some(role.arn)),
        None => bail!("cannot tell: IAM does not show the role {role}"),
    }
}

fn questions(patient: Patient<'_>, caller: &str, role_arn: Option<&str>) -> Result<Vec<Question>> {
    let Patient { account, config, template, .. } = patient;
    let deployer = role_arn.unwrap_or(caller);
    let stack = &config.stack;
    let arn = |form: &str| arn(account, form);
    let question = |principal: &str, form: &str, actions: &[&'static str]| Question {
        principal: principal.to_owned(),
        resource: arn(form),
        actions: actions.to_vec(),
    };
    let assets = deployment::assets_bucket(account, stack);
    let mut questions = vec![
        question(caller, &format!("cloudformation:R:A:stack/{stack}/*"), &STACK),
        question(caller, &format!("cloudformation:R:A:stack/{stack}-assets/*"), &STACK),
        question(caller, &format!("s3:::{assets}/*"), &["s3:GetObject", "s3:PutObject"]),
        question(caller, &format!("s3:::{assets}"), &["s3:ListBucket"]),
        // What importing takes.
        question(
            caller,
            &format!("states:R:A:execution:{stack}-import:*"),
            &["states:DescribeExecution", "states:GetExecutionHistory"],
        ),
    ];
    if let Some(role) = role_arn {
        questions.push(Question {
            principal: caller.to_owned(),
            resource: role.to_owned(),
            actions: vec!["iam:PassRole"],
        });
    }
    let names = names(template, account)?;
    for (kind, form, actions) in TYPES {
        if let Some(name) = names.get(kind) {
            questions.push(question(deployer, &form.replace("{}", name), actions));
        }
    }
    let buckets = deployment::bucket_names(template, account)?;
    if let Some(bucket) = buckets.get("MicrochipBucket") {
        questions.push(question(caller, &format!("s3:::{bucket}/*"), &["s3:PutObject"]));
    }
    if let Some(bucket) = buckets.get("RunsBucket") {
        questions.push(question(caller, &format!("s3:::{bucket}/*"), &["s3:GetObject"]));
    }
    Ok(questions)
}

/// The name of one resource of each type: the stack's names begin alike, and a policy names them by that.
fn names(template: &str, account: &Account) -> Result<BTreeMap<String, String>> {
    let resolved = Resolved::of(&Side { template, parameters: BTreeMap::new() })?;
    Ok(resolved
        .names()
        .into_iter()
        .map(|(kind, name)| {
            let name = name
                .replace("${AWS::AccountId}", &account.id)
                .replace("${AWS::Region}", &account.region);
            (kind, name)
        })
        .collect())
}

/// `s3:::acme-runs` with the partition, the Region for `R` and the account for `A`.
fn arn(account: &Account, form: &str) -> String {
    let parts: Vec<&str> = form.splitn(4, ':').collect();
    let [service, region, owner, rest] = parts.as_slice() else { return form.to_owned() };
    let region = if *region == "R" { account.region.as_str() } else { "" };
    let owner = if *owner == "A" { account.id.as_str() } else { "" };
    format!("arn:{}:{service}:{region}:{owner}:{rest}", account.partition)
}

/// The actions that are not allowed.
async fn denied(client: &Client, question: &Question) -> Result<Vec<String>> {
    let mut denied = Vec::new();
    let mut pages = client
        .simulate_principal_policy()
        .policy_source_arn(&question.principal)
        .set_action_names(Some(
            question.actions.iter().map(|action| (*action).to_owned()).collect(),
        ))
        .resource_arns(&question.resource)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for result in page.map_err(failure)?.evaluation_results() {
            if result.eval_decision() != &PolicyEvaluationDecisionType::Allowed {
                denied.push(result.eval_action_name().to_owned());
            }
        }
    }
    Ok(denied)
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::Client;

    use super::{Question, TYPES, arn, denied, names, principal};
    use crate::aws::{
        Account, block_on,
        recorded::{Answer, serve},
    };

    const fn recorded(to: &'static str, status: u16, body: &'static str) -> Answer {
        Answer { to, status, headers: "", body }
    }

    #[test]
    fn the_role_of_a_session_is_found_with_its_path() {
        let aws = serve(vec![recorded(
            "Action=GetRole",
            200,
            "<GetRoleResponse><GetRoleResult><Role><Path>/aws-reserved/sso.amazonaws.com/</Path>\
             <RoleName>Admin</RoleName><RoleId>AROA</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <Arn>arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/Admin</Arn>\
             </Role></GetRoleResult></GetRoleResponse>",
        )]);
        let client = Client::new(&aws);
        let of = |identity: &'static str| block_on(async { principal(&client, identity).await });
        let role = "arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/Admin";
        assert_eq!(of("arn:aws:sts::1:assumed-role/Admin/alice").unwrap().unwrap(), role);
        let user = "arn:aws:iam::1:user/alice";
        assert_eq!(of("arn:aws:iam::1:user/alice").unwrap().unwrap(), user);
        assert_eq!(of("arn:aws:iam::1:root").unwrap(), None);
    }

    #[test]
    fn what_the_simulation_does_not_allow_is_denied() {
        let aws = serve(vec![recorded(
            "Action=SimulatePrincipalPolicy",
            200,
            "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>\
             <EvaluationResults>\
             <member><EvalActionName>a:One</EvalActionName><EvalDecision>allowed</EvalDecision></member>\
             <member><EvalActionName>a:Two</EvalActionName><EvalDecision>implicitDeny</EvalDecision></member>\
             <member><EvalActionName>a:Three</EvalActionName><EvalDecision>explicitDeny</EvalDecision></member>\
             </EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>",
        )]);
        let question = Question {
            principal: "p".into(),
            resource: "r".into(),
            actions: vec!["a:One", "a:Two", "a:Three"],
        };
        let client = Client::new(&aws);
        let found = block_on(async { denied(&client, &question).await }).unwrap();
        assert_eq!(found, ["a:Two", "a:Three"]);
    }

    fn account() -> Account {
        Account {
            id: "1".into(),
            region: "eu-west-1".into(),
            partition: "aws".into(),
            identity: String::new(),
        }
    }

    #[test]
    fn an_arn_has_region_and_account_where_the_service_has_them() {
        let check = |form, expected| assert_eq!(arn(&account(), form), expected);
        check("s3:::acme-runs/*", "arn:aws:s3:::acme-runs/*");
        check("iam::A:role/acme", "arn:aws:iam::1:role/acme");
        check("lambda:R:A:function:acme", "arn:aws:lambda:eu-west-1:1:function:acme");
        check(
            "logs:R:A:log-group:/aws/lambda/acme",
            "arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/acme",
        );
    }

    #[test]
    fn every_type_of_the_stack_that_has_a_name_is_asked_for() {
        let config = "stack = \"acme\"\n[profile.default]\n";
        let template = infra::synthesize(&infra::Config::parse(config).unwrap()).unwrap();
        let names = names(&template, &account()).unwrap();
        for kind in names.keys() {
            assert!(TYPES.iter().any(|(known, ..)| known == kind), "{kind}");
        }
        assert!(names["AWS::IAM::Role"].starts_with("acme-"));
    }
}
