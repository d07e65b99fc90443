//! Whoever listens to the stack: subscribers of its topic and of its events, and readers of its queues.

use aws_sdk_cloudformation::types::StackStatus;
use serde_json::{Value, json};

use crate::world::World;

/// A subscriber of the topic, and one of the events, as a user would add them: a stack of their own.
pub(crate) struct Listener {
    sqs: aws_sdk_sqs::Client,
    notices: String,
    events: String,
}

/// A message of the topic.
pub(crate) struct Notice {
    pub(crate) subject: String,
    pub(crate) message: String,
}

impl Listener {
    pub(crate) async fn of(world: &World) -> Self {
        let aws = world.cloud.aws_config();
        let cloudformation = aws_sdk_cloudformation::Client::new(&aws);
        let template = json!({
            "Resources": {
                "Notices": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "heard-notices" } },
                "Events": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "heard-events" } },
                "Policy": {
                    "Type": "AWS::SQS::QueuePolicy",
                    "Properties": {
                        "Queues": [{ "Ref": "Notices" }, { "Ref": "Events" }],
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [{
                                "Effect": "Allow",
                                "Principal": { "Service": ["sns.amazonaws.com", "events.amazonaws.com"] },
                                "Action": "sqs:SendMessage",
                                "Resource": "*",
                            }],
                        },
                    },
                },
                "Subscription": {
                    "Type": "AWS::SNS::Subscription",
                    "Properties": {
                        "TopicArn": world.output("NoticesTopicArn"),
                        "Protocol": "sqs",
                        "Endpoint": { "Fn::GetAtt": ["Notices", "Arn"] },
                    },
                },
                "Rule": {
                    "Type": "AWS::Events::Rule",
                    "Properties": {
                        "EventPattern": { "source": ["thingpress"] },
                        "Targets": [{ "Id": "queue", "Arn": { "Fn::GetAtt": ["Events", "Arn"] } }],
                    },
                },
            },
            "Outputs": {
                "Notices": { "Value": { "Ref": "Notices" } },
                "Events": { "Value": { "Ref": "Events" } },
            },
        });
        let create = cloudformation.create_stack().stack_name("listener");
        create.template_body(template.to_string()).send().await.unwrap();
        let stack = world
            .until("the listener is there", async || {
                let found = cloudformation.describe_stacks().stack_name("listener").send().await;
                let stack = found.unwrap().stacks.unwrap().remove(0);
                let status = stack.stack_status.clone().unwrap();
                assert_ne!(status, StackStatus::RollbackComplete, "{stack:?}");
                (status == StackStatus::CreateComplete).then_some(stack)
            })
            .await;
        let output = |name: &str| {
            let found = stack.outputs().iter().find(|output| output.output_key() == Some(name));
            found.and_then(|output| output.output_value()).unwrap().to_owned()
        };
        Self {
            sqs: aws_sdk_sqs::Client::new(&aws),
            notices: output("Notices"),
            events: output("Events"),
        }
    }

    /// The next notice.
    pub(crate) async fn notice(&self, world: &World) -> Notice {
        let body = self.next(world, "a notice", &self.notices).await;
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Notice { subject: text("Subject"), message: text("Message") }
    }

    /// Kind and detail of the next event.
    pub(crate) async fn event(&self, world: &World) -> (String, Value) {
        let mut body = self.next(world, "an event", &self.events).await;
        assert_eq!(body["source"], "thingpress");
        (body["detail-type"].as_str().unwrap().to_owned(), body["detail"].take())
    }

    async fn next(&self, world: &World, what: &str, queue: &str) -> Value {
        world.until(what, async || taken(&self.sqs, queue, 1).await.pop()).await
    }

    /// That nobody is told anything more.
    pub(crate) async fn hears_nothing_more(&self) {
        for queue in [&self.notices, &self.events] {
            assert_eq!(taken(&self.sqs, queue, 10).await, Vec::<Value>::new());
        }
    }
}

/// Takes messages out of a queue, as far as there are any.
async fn taken(sqs: &aws_sdk_sqs::Client, queue: &str, most: i32) -> Vec<Value> {
    let receive = sqs.receive_message().queue_url(queue).max_number_of_messages(most);
    let mut bodies = Vec::new();
    for message in receive.send().await.unwrap().messages.unwrap_or_default() {
        bodies.push(serde_json::from_str(message.body().unwrap()).unwrap());
        let delete = sqs.delete_message().queue_url(queue);
        delete.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    }
    bodies
}

/// Everything that one of the stack's queues holds.
pub(crate) async fn all(world: &World, output: &str) -> Vec<Value> {
    let sqs = aws_sdk_sqs::Client::new(&world.cloud.aws_config());
    let mut all = Vec::new();
    loop {
        let more = taken(&sqs, world.output(output), 10).await;
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}
