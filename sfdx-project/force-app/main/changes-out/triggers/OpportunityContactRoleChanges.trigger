trigger OpportunityContactRoleChanges on OpportunityContactRole(after insert, after update, after delete) {
    RecordChangePublisher.publish('OpportunityContactRole', Trigger.new, Trigger.oldMap, Trigger.isUndelete);
}
