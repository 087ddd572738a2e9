trigger OpportunityChanges on Opportunity(after insert, after update, after delete, after undelete) {
    RecordChangePublisher.publish('Opportunity', Trigger.new, Trigger.oldMap, Trigger.isUndelete);
}
